"""The numbers of the bundled corpus's data statement, measured from its files, and the promises they must keep."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from datasheet import literary, news, silver, together, wire
from stance.base.files import read_json, write_json

log = logging.getLogger("stance.datasheet")

#: What each section of the numbers promises: a name, and whether the section keeps it.
PROMISES: Mapping[str, Mapping[str, Any]] = {
    "literary": literary.PROMISES,
    "news": news.PROMISES,
    "bundled": together.PROMISES,
    "shortcuts": together.SHORTCUT_PROMISES,
    "wire": wire.PROMISES,
    "silver": silver.PROMISES,
}


def measure_corpus(folder: str | Path, texts: str | Path) -> dict[str, dict[str, Any]]:
    """Everything that the data statement says in numbers.

    Args:
        folder: Laid out as ``seeds/``.
        texts: The user's copy of Reuters-21578. Where there is no such folder, the wire is not measured.

    Returns:
        A section each for the ``literary`` part (version 1.0), ``news``, both as they are ``bundled``, what
        ``shortcuts`` score on news that read too little, the ``wire``, and the ``silver`` rows.

    Raises:
        StanceError: The files are not of the format, or a row of the literary part has no label yet.
    """
    folder = Path(folder)
    sections: dict[str, Callable[[], dict[str, Any]]] = {
        "literary": lambda: literary.measure(folder),
        "news": lambda: news.measure(folder / "news"),
        "bundled": lambda: together.measure(folder),
        "shortcuts": lambda: together.shortcuts(folder / "news"),
        "wire": lambda: wire.measure(folder, texts),
        "silver": lambda: silver.measure(folder),
    }
    if not Path(texts).is_dir():
        log.info(f"wire: not measured, for there is no Reuters-21578 in {texts}; its recorded numbers stand")
        del sections["wire"]
    measured = {}
    for name, measure in sections.items():
        log.info(f"{name}: measuring")
        measured[name] = measure()
    return measured


def promises(measured: Mapping[str, Any]) -> dict[str, bool]:
    """Whether each promise of the sections that were measured is kept, by the section's name and its own."""
    return {
        f"{section}: {promise}": bool(keeps(measured[section]))
        for section, named in PROMISES.items()
        if section in measured
        for promise, keeps in named.items()
    }


def record_numbers(measured: Mapping[str, Any], record: str | Path) -> None:
    """Write the numbers to a file; what it holds of a section that was not measured stays."""
    kept = read_json(record) if Path(record).exists() else {}
    write_json(record, {name: {**kept, **measured}[name] for name in PROMISES if name in {**kept, **measured}})


def changed(measured: Mapping[str, Any], record: str | Path) -> list[str]:
    """What differs from the numbers in a file, a line for each; sections that were not measured are passed over."""
    recorded = read_json(record)
    now = json.loads(json.dumps(measured))
    kept = {name: section for name, section in recorded.items() if name in now}
    return list(_differences("", kept, now))


def _differences(place: str, recorded: object, now: object) -> Iterator[str]:
    if isinstance(recorded, dict) and isinstance(now, dict):
        for name in dict.fromkeys([*recorded, *now]):
            yield from _differences(f"{place}.{name}".lstrip("."), recorded.get(name), now.get(name))
    elif recorded != now:
        yield f"{place}: recorded {recorded}, now {now}"
