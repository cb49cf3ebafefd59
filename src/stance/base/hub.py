"""Folders from the Hugging Face hub, kept in its own cache: checkpoints, and corpora whose owners keep them there."""

from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from stance.base.errors import StanceError, first_line


def fetch(name: str, patterns: Sequence[str], what: str, *, kind: str = "model", revision: str | None = None) -> Path:
    """The folder with the files of a repository that match.

    Args:
        name: Owner and name of the repository.
        patterns: Of files, as the hub takes them.
        what: Begins the message if there is none.
        kind: model or dataset.
        revision: Branch, tag or commit; only a commit is the same tomorrow.

    Raises:
        StanceError: There is no such repository or revision, or it can be had neither from the hub nor from the cache.
    """
    try:
        return Path(snapshot_download(name, repo_type=kind, revision=revision, allow_patterns=list(patterns)))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise StanceError(f"{what} not to be had from the hub: {first_line(error)}") from None
