"""What corpora of debates share: a row is an argument, and whether it is for or against what is debated."""

from collections.abc import Mapping
from typing import Any

from stance.base.annotations import Annotation
from stance.base.errors import input_error
from stance.base.labels import parse_label
from stance.data.columns import text_of

#: Characters without a width that stand in some texts: zero-width space, byte order mark.
INVISIBLE = str.maketrans("", "", "\u200b\ufeff")


def argument(
    row: Mapping[str, Any],
    columns: tuple[str, str, str],
    label_map: Mapping[str, str],
    place: str,
    *,
    row_id: str,
    annotator: str,
    document: str = "",
) -> Annotation:
    """What a row says: its author is for or against its target. Spaces and line ends within a text become one space.

    ``columns`` are those of the text, the target and the label. Without a document the target is one: one debate,
    whose sides stay together.

    Raises:
        StanceError: The text or the target is empty or missing, or the label is unknown.
    """
    text, target = (_cell(row, column, place) for column in columns[:2])
    label = parse_label(row.get(columns[2]), label_map, place)
    return Annotation(row_id, text, "", target, label, annotator, document or target)


def _cell(row: Mapping[str, Any], column: str, place: str) -> str:
    visible = text_of(row.get(column), column, place, may_be_empty=True).translate(INVISIBLE)
    return " ".join(text_of(visible, column, place, may_be_empty=False).split())


def official_part(value: object, parts: Mapping[str, str], place: str) -> str:
    """The part that a spelling stands for.

    Raises:
        StanceError: It is not known.
    """
    if not isinstance(value, str) or value not in parts:
        raise input_error(place, "unknown part", found=value, allowed=parts)
    return parts[value]
