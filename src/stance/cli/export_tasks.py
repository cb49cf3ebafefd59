"""Choose rows to code.

    stance export-tasks 'input=[SCORED.csv]' output=tasks.json to=label-studio n=50

Those first that teach most: order=margin|disagreement, one of each cluster of embeddings (clusters=false without).
to=doccano|prodigy|sheet. 'given=[FILE, ...]' leaves out what was given before. A mapping that reads what comes back
goes beside the tasks: docs/annotate.md.
"""

import shlex
from collections.abc import Sequence
from typing import Any

from stance.cli.config import script
from stance.data.config import TasksConfig

GROUP = "annotations"


@script("export_tasks")
def main(config: TasksConfig) -> None:
    """Choose the rows, write them and their mapping, say how many."""
    from stance.data.coding import export_tasks

    def embed(texts: Sequence[str]) -> Any:  # noqa: ANN401 - an array, imported late
        from stance.models.features import EmbeddingFeatures

        encoder = EmbeddingFeatures.load_encoder(config.encoder).encoder
        return encoder.encode([*texts], batch_size=64, normalize_embeddings=True, convert_to_numpy=True)

    done = export_tasks(config, embed)
    print(f"{done.tasks:,} of {done.rows:,} rows -> {config.output}; {done.given:,} were given before")
    print(f"what comes back is read by data=import {shlex.quote(f'data.mapping={done.mapping}')}")
