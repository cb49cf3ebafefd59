"""Label a file: python scripts/predict.py input=FILE output=FILE [checkpoint=DIR]"""

from stance.cli.predict import main

if __name__ == "__main__":
    main()
