"""Fine-tune an encoder, or fit a baseline: python scripts/train.py experiment=stance_base seed=0"""

from stance.cli.train import main

if __name__ == "__main__":
    main()
