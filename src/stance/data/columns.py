"""What the columns of the user's own files are called."""

from collections.abc import Collection
from dataclasses import dataclass, fields

from stance.base.errors import input_error

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

    def check_read(self, key: str, read: Collection[str]) -> None:
        """Refuse another name for a field that is not looked at."""
        for field in fields(self):
            name = getattr(self, field.name)
            if name != field.default and field.name not in read:
                raise input_error(f"{key}.{field.name}", "not read here", found=name, allowed=read)
