"""Map who is for or against what.

    stance map documents=FOLDER_OR_TABLE proposals=FILE actors=FILE output=DIR

Documents are a folder of txt, md, html, docx, rtf and pdf files (also exports of Nexis Uni, LexisNexis and Factiva,
with many articles each), or a table with text and, where there are any, date,
source, title, link, id. proposals: a csv with proposal (and variants, reverse, from, until). actors: a csv with name
(and aliases, member_of); actors=suggest writes candidates into DIR/actors.csv, to be edited, and stops.
What comes out: map.html, evidence.parquet and .csv, map.json, exports/, set-aside.jsonl. A run that was killed goes on
where it stopped: docs/map.md.
"""

from stance.cli.config import script
from stance.map.config import SUGGEST, MapConfig

GROUP = "label"


@script("map")
def main(config: MapConfig) -> None:
    """Make the map, or propose actors, and say where everything is."""
    from stance.map.make import make_map, suggest_actors, write_pages

    if config.actors == SUGGEST:
        number, path = suggest_actors(config)
        print(f"{number:,} candidates -> {path}: keep those whose positions you need, then actors={path}")
        return
    made = make_map(config)
    for cell in made.cells:
        if cell.position in ("favor", "against"):
            print(f"{cell.position:<8} {cell.actor}: {cell.proposal}    {cell.statements:,} ({cell.documents:,})")
    print(*made.notes, sep="\n")
    print(f"{len(made.evidence):,} answers -> {config.output}/evidence.csv, .parquet")
    print(*(f"-> {path}" for path in write_pages(made, config)), sep="\n")
