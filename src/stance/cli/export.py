"""Export a fine-tuned encoder to ONNX.

    stance export checkpoint=DIR data=negotiation

Both fp32 and int8 are compared with torch on the validation part (part=...), and one that loses more than is allowed
(loss=0.005 agreement=0.995 agreement_int8=0.95 speed=1) is not kept; DIR/onnx.json says what was measured.
See docs/inference.md.
"""

from stance.cli.config import script
from stance.inference.config import ExportConfig

GROUP = "train"


@script("export")
def main(config: ExportConfig) -> None:
    """Export the encoder, or each that an ensemble holds, and print what was measured."""
    from stance.inference.export import export_checkpoint, summary

    for folder, report in export_checkpoint(config).items():
        print(f"{folder}, {report['rows']:,} rows of {report['part']}:")
        print(summary(report))
