"""Files of a corpus from the Hugging Face hub, where its owner keeps them there."""

from __future__ import annotations

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from stance.errors import StanceError, first_line


def download(name: str, revision: str, path: str) -> str:
    """The folder with a file, or with the files below a folder, of a dataset repository; kept in the hub's own cache.

    Args:
        name: Owner and name of the repository.
        revision: Branch, tag or commit; only a commit is the same tomorrow.
        path: In the repository.

    Raises:
        StanceError: There is no such repository or revision, or it can be had neither from the hub nor from the cache.
    """
    patterns = [path, f"{path.rstrip('/')}/*"]
    try:
        return str(snapshot_download(name, repo_type="dataset", revision=revision, allow_patterns=patterns))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise StanceError(
            f"dataset {name!r} at {revision!r}: not to be had from the hub: {first_line(error)}"
        ) from None
