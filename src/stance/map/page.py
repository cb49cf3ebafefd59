"""``map.html``: one page that opens offline and shows who is for or against what, since when, on which sentences."""

from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader
from markupsafe import Markup

from stance.base.files import write_beside
from stance.base.labels import LABELS
from stance.map.drawings import MOST_NODES, draw_actors, draw_two_mode
from stance.map.embedded import as_script, embedded
from stance.map.networks import actor_network
from stance.map.types import NOT_ENOUGH, Cell, Share, StanceMap
from stance.reporting.html import script_hash, template_environment

#: Template, style and scripts; the scripts are one, in this order.
WEB = Path(__file__).parent / "web"
SCRIPTS = ("csv", "data", "marks", "filters", "corrections", "evidence", "matrix", "timeline", "start")

#: The sign before a position, so that nobody needs the colour.
SIGNS = {"favor": "+", "neutral": "=", "against": "\N{MINUS SIGN}", NOT_ENOUGH: ""}

#: Lines of the tables beside the networks; the exports have all.
MOST_LINES = 500


def write_page(stance_map: StanceMap, path: Path) -> None:
    """Write the page, beside and renamed; the same map gives the same bytes. Nothing in the map is taken for markup."""
    with write_beside(path) as temporary:
        temporary.write_text(page(stance_map), encoding="utf-8", errors="replace")


def page(stance_map: StanceMap) -> str:
    """The page as HTML. Its policy lets no script run but its own, and nothing be loaded from anywhere."""
    environment = template_environment(FileSystemLoader(WEB))
    script, data = page_script(), embedded(stance_map)
    two_mode, two_mode_left_out = draw_two_mode(stance_map)
    actors, actors_left_out = draw_actors(stance_map)
    rows = matrix(stance_map)
    return environment.get_template("map.html.j2").render(
        map=stance_map,
        labels=LABELS,
        signs=SIGNS,
        rows=rows,
        **_spoken(stance_map, rows),
        facts=_facts(stance_map),
        years=_years(stance_map),
        sources=sorted({document.source for document in stance_map.documents}),
        pairs=_pairs(stance_map)[:MOST_LINES],
        most_nodes=MOST_NODES,
        drawings={"two_mode": two_mode, "actors": actors},
        left_out={"two_mode": two_mode_left_out, "actors": actors_left_out},
        whole=data["whole"],
        data=Markup(as_script(data)),
        style=Markup((WEB / "map.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=script_hash(script),
    )


def page_script() -> str:
    """The whole script: the files of ``SCRIPTS`` in one function, so that it leaves no name in the page."""
    parts = [(WEB / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    return '\n(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"


def matrix(stance_map: StanceMap) -> list[dict[str, Any]]:
    """A row for each actor with a cell for each proposal, None where nothing was said; all in the map's order."""
    cells = {(cell.actor, cell.proposal): cell for cell in stance_map.cells}
    return [
        {
            "actor": actor,
            "cells": [
                _shown(cells[key]) if (key := (actor.name, row.proposal)) in cells else None
                for row in stance_map.proposals
            ],
        }
        for actor in stance_map.actors
    ]


def _spoken(stance_map: StanceMap, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The columns in which something is said, who and what is nowhere spoken of, and the cells with a position."""
    spoken = [place for place in range(len(stance_map.proposals)) if any(row["cells"][place] for row in rows)]
    actors = [row["actor"].name for row in rows if not any(row["cells"])]
    proposals = [row.proposal for place, row in enumerate(stance_map.proposals) if place not in spoken]
    cells = [cell for row in rows for cell in row["cells"] if cell and cell["kind"] != "open"]
    unspoken = (("Nothing was said by or of", actors), ("Nothing was said about", proposals))
    return {"spoken": spoken, "unspoken": unspoken, "taken": cells[:MOST_LINES]}


def _shown(cell: Cell) -> dict[str, Any]:
    """What a cell says, and in whole sentences what it says aloud."""
    shares = {label: getattr(cell, label) for label in LABELS}
    label = cell.position if cell.position in shares else max(shares, key=lambda name: shares[name].value)
    share = shares[label]
    counted = f"{_many(cell.statements, 'statement')} in {_many(cell.documents, 'document')}"
    position = f"{cell.actor}, {cell.proposal}: {cell.position}."
    sure = f"Share of {label} {_percent(share)}, 95% interval {_percent(share, 'low')} to {_percent(share, 'high')}"
    members = f", of its members too: {', '.join(cell.members)}" if cell.members else ""
    return {
        "cell": cell,
        "kind": "open" if cell.position == NOT_ENOUGH else cell.position,
        "label": label,
        "percent": _percent(share),
        "interval": f"{round(100 * share.low)}–{round(100 * share.high)}",
        "strength": 3 if share.low >= 0.75 else 2 if share.low >= 0.5 else 1,
        "widths": {name: round(100 * min(max(shares[name].value, 0), 1), 1) for name in LABELS},
        "aloud": f"{position} {sure}, {counted}{members}",
    }


def _percent(share: Share, bound: str = "value") -> str:
    return f"{round(100 * getattr(share, bound))}%"


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _years(stance_map: StanceMap) -> tuple[str, str]:
    dates = sorted(document.date for document in stance_map.documents if document.date)
    return (dates[0], dates[-1]) if dates else ("", "")


def _facts(stance_map: StanceMap) -> list[str]:
    """What the map is made of, counted."""
    taken = sum(cell.position != NOT_ENOUGH for cell in stance_map.cells)
    sources = len({document.source for document in stance_map.documents if document.source})
    return [
        _many(len(stance_map.actors), "actor"),
        _many(len(stance_map.proposals), "proposal"),
        _many(taken, "position"),
        f"{_many(len(stance_map.evidence), 'answer')} from {_many(len(stance_map.documents), 'document')}",
        *([_many(sources, "source")] if sources else []),
    ]


def _pairs(stance_map: StanceMap) -> list[dict[str, Any]]:
    """The actor network as a table, those first who agree or disagree most."""
    graph = actor_network(stance_map)
    names = graph.nodes(data="label")
    pairs = [{"one": names[one], "other": names[other], **edge} for one, other, edge in graph.edges(data=True)]
    return sorted(pairs, key=lambda pair: (-pair["weight"], -pair["sign"]))
