"""Copy a fine-tuned encoder in half precision.

    stance ship checkpoint=DIR [output=DIR]

By default the copy is the stance-small of this package. Both are asked the validation part (part=...); a copy that
gives another label for more than a few rows (agreement=0.995) is not kept.
"""

from stance.cli.config import script
from stance.inference.config import ShipConfig

GROUP = "train"


@script("ship")
def main(config: ShipConfig) -> None:
    """Write the copy and print what half precision changes."""
    from stance.inference.export import ship

    found = ship(config)
    same = found["agreement"]
    print(f"{config.output}: {found['bytes'] / 1e6:.1f} MB, the same label for {same['same']} of {same['of']} rows")
