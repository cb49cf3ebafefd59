"""Export a fine-tuned encoder to ONNX: python scripts/export.py checkpoint=DIR data=negotiation"""

from stance.cli.export import main

if __name__ == "__main__":
    main()
