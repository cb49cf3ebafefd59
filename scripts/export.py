"""ONNX files beside the weights of a fine-tuned encoder: python scripts/export.py checkpoint=DIR data=negotiation"""

from stance.cli.export import main

if __name__ == "__main__":
    main()
