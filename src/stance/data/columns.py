"""What the columns of the user's own files are called."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from stance.base.errors import input_error
from stance.data.annotation_files import cell_of

#: The fields that a model is asked with.
QUESTION = ("text", "target", "holder", "context")


@dataclass(kw_only=True)
class Columns:
    """The name of each field of a row in a file; by default its own."""

    id: str = "id"
    text: str = "text"
    holder: str = "holder"
    target: str = "target"
    label: str = "label"
    annotator: str = "annotator"
    document: str = "document"
    context: str = "context"
    date: str = "date"
    tags: str = "tags"
    part: str = "part"

    def cells(
        self, row: Mapping[str, Any], place: str, names: Iterable[str], needed: Collection[str] = ("text", "target")
    ) -> dict[str, str]:
        """The text of the named fields of a row; those that are needed may not be empty."""
        columns = {name: getattr(self, name) for name in names}
        return {
            name: cell_of(row.get(column), column, place, may_be_empty=name not in needed)
            for name, column in columns.items()
        }

    def check_read(self, key: str, read: Collection[str]) -> None:
        """Refuse another name for a field that is not looked at.

        Raises:
            StanceError: Names the key, the name and what is read.
        """
        for field in fields(self):
            name = getattr(self, field.name)
            if name != field.default and field.name not in read:
                raise input_error(f"{key}.{field.name}", "not read here", found=name, allowed=read)
