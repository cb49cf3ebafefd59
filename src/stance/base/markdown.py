"""Tables in Markdown, and in a page that is written by hand but for its table."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from stance.base.errors import input_error
from stance.base.files import write_text


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; integers are written with a comma at each thousand, and no cell breaks the table."""
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row in rows:
        lines.append(
            "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else _cell(str(cell)) for cell in row) + " |"
        )
    return "\n".join(lines)


def _cell(text: str) -> str:
    """A text, a name say, that ends neither a cell nor a row."""
    return " ".join(text.split()).replace("|", "\\|")


def put_table(page: str | Path, table: str) -> bool:
    """Put a table into a page, between two marks of its name: ``<!-- NAME -->``, ``<!-- /NAME -->``, each there once.

    Returns:
        Whether that changed anything.

    Raises:
        StanceError: The page has no such marks.
    """
    page = Path(page)
    marks, before = (f"<!-- {page.stem} -->", f"<!-- /{page.stem} -->"), page.read_text(encoding="utf-8")
    try:
        head, rest = before.split(marks[0])
        tail = rest.split(marks[1])[1]
    except (ValueError, IndexError):
        raise input_error(str(page), "no place for the table", allowed=" ... ".join(marks)) from None
    after = f"{head}{marks[0]}\n{table}\n{marks[1]}{tail}"
    if after != before:
        write_text(page, after)
    return after != before
