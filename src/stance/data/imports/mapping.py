"""The mapping: a small YAML file in which a coder says what in an export is text, holder, target and label."""

import dataclasses
import operator
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

import yaml

from stance.base.checks import one_of
from stance.base.errors import first_line, input_error
from stance.base.labels import LABELS, known_as
from stance.base.names import must_exist
from stance.data.imports.record import Options, plain
from stance.data.imports.source import Source, dictionary, listed, same, source_of, words_of

#: What of a row the mapping may say; the others have their places in it.
FIELDS = ("id", "text", "holder", "target", "label", "annotator", "document", "context", "date", "tags", "part")

#: Everything that may stand in a mapping, and in one of its questions.
KEYS = (
    *("tool", "layer", *FIELDS, "labels", "leave_out", "where", "take", "annotators", "texts", "questions"),
    *("files", "encoding", "sheet", "header", "fill_down", "quoting"),
)
QUESTION_KEYS = ("layer", *FIELDS, "labels", "leave_out", "where", "annotators")

#: Fields that a tool's defaults name and that an export may lack.
OFTEN_MISSING = frozenset({"id", "annotator", "document", "date", "time", "label"})

#: A number as people write it in a cell.
NUMBER = r"[+-]?\d+(?:\.\d+)?"


@dataclass(frozen=True)
class Question:
    """What one judgement of a record is.

    Attributes:
        layer: Records of this layer alone; empty = of any.
        fields: Where each field of a row comes from, by its name.
        labels: What each spelling of a label means; of numbers also ``> 0``, ``<= 2``.
        leave_out: Spellings that are no judgement; ``*`` = all that ``labels`` has not.
        where: Field -> the values of it that a record must have one of, as :func:`~stance.data.imports.source.same`
            spells them.
        annotators: Columns that hold a judgement each, and who made it; the cell is the field ``(cell)``.
        by_default: Those of ``fields`` that the mapping does not say, which are where the tool has them.
    """

    layer: str = ""
    fields: Mapping[str, Source] = dataclasses.field(default_factory=dict)
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    leave_out: frozenset[str] = frozenset()
    where: Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict)
    annotators: Mapping[str, str] = dataclasses.field(default_factory=dict)
    by_default: frozenset[str] = frozenset()

    def is_about(self, layer: str) -> bool:
        """Whether records of this layer are asked, which the mapping may call by the last part of its name."""
        return self.layer in ("", layer, layer.rpartition(".")[2])

    def names(self) -> set[str]:
        """The fields that it looks at."""
        found = {name for source in self.fields.values() for name in source.names()}
        return found | {*self.where, *self.annotators}

    def said(self) -> list[Source]:
        """Its sources but for those that a tool has by default and may lack."""
        may_lack = {name for name in self.by_default if self.fields[name].field in OFTEN_MISSING}
        return [source for name, source in self.fields.items() if name not in may_lack]

    def unknown(self, names: Collection[str]) -> set[str]:
        """The fields that it looks at and that are not among these."""
        return {*self.where, *self.annotators}.union(*(source.names() for source in self.said())) - {*names}

    def lacks(self, names: Collection[str]) -> set[str]:
        """The fields that it cannot do without and that are not among these; of the annotators one is enough."""
        nobody = {*self.annotators} if self.annotators.keys().isdisjoint(names) else set()
        return ({*self.where} - {*names}).union(nobody, *(source.lacks(names) for source in self.said()))

    def label_of(self, spelling: str) -> str:
        """The label that a spelling or a number stands for, the spelling as ``same`` has it; empty if none."""
        known = known_as(spelling, self.labels)
        if known is not None:
            return self.labels[known]
        if not re.fullmatch(NUMBER, spelling):
            return ""
        found = {label for said, label in self.labels.items() if _compares(said, float(spelling))}
        return found.pop() if len(found) == 1 else ""

    def is_left_out(self, spelling: str) -> bool:
        """Whether a label with this spelling is no judgement; equal numbers are one, as in ``labels``."""
        if spelling in self.labels or spelling in self.leave_out:
            return spelling in self.leave_out
        return known_as(spelling, self.leave_out) is not None or ("*" in self.leave_out and not self.label_of(spelling))


@dataclass(frozen=True)
class Texts:
    """Where texts are that an export lacks.

    Attributes:
        path: A table, whose columns are added to the rows; or a folder with a text file for each.
        by: The field of the export that says which.
        key: The column of the table with the same; of a folder it is the name of the file.
    """

    path: str
    by: str
    key: str = ""

    def found_beside(self, mapping: str | Path) -> Path:
        """The path, which may be relative to where the command runs or to the mapping."""
        path = Path(self.path)
        return path if path.is_absolute() or path.exists() else Path(mapping).parent / path


@dataclass(frozen=True)
class ImportMapping:
    """A mapping as it was read.

    Attributes:
        place: Its file, for messages.
        tool: Which wrote the export; empty = as its content says.
        questions: One or several of each record.
        take: Reasons why records are no judgements that do not hold here (``not completed``).
        texts: See :class:`Texts`.
        files: Of a folder or zip only those of this pattern, e.g. ``Coder*.xlsx``.
        options: How files are read.
    """

    place: str
    tool: str = ""
    questions: tuple[Question, ...] = ()
    take: frozenset[str] = frozenset()
    texts: Texts | None = None
    files: str = ""
    options: Options = dataclasses.field(default_factory=Options)

    def asks(self, layer: str) -> bool:
        """Whether a question is about records of this layer; one that is empty may be any."""
        return not layer or any(question.is_about(layer) for question in self.questions)


class _Loader(yaml.SafeLoader):
    """YAML in which every word is the text that it is, and a key that stands twice is a fault.

    Else ``NO`` would be a truth value, ``010`` the number 8 and ``12:30`` the number 750. An empty value is none, and
    so is ``null`` after a key.
    """


_NULL, _TEXT, _MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("null", "str", "merge"))

_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in (_NULL, _MERGE)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _once(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    """The keys, each as text, and their values."""
    lines: dict[str, int] = {}
    for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
        if key.value in lines:
            problem = f"{key.value!r} is there twice, first in line {lines[key.value]}"
            raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        lines[key.value] = key.start_mark.line + 1
        key.tag = key.tag.replace(_NULL, _TEXT)
    return cast(dict[Any, Any], loader.construct_mapping(node, deep=True))


def _words(loader: _Loader, node: yaml.SequenceNode) -> list[Any]:
    """A list, in which ``null`` is a word."""
    for item in node.value:
        item.tag = item.tag.replace(_NULL, _TEXT)
    return cast(list[Any], loader.construct_sequence(node, deep=True))


_Loader.add_constructor("tag:yaml.org,2002:map", _once)
_Loader.add_constructor("tag:yaml.org,2002:seq", _words)


def _compares(said: str, number: float) -> bool:
    """Whether a number is as ``> 0`` says."""
    told = re.fullmatch(rf"([<>]=?)\s*({NUMBER})", said)
    if told is None:
        return bool(re.fullmatch(NUMBER, said)) and float(said) == number
    compare = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}[told[1]]
    return bool(compare(number, float(told[2])))


def read_mapping(path: str | Path, defaults: Mapping[str, str] | None = None) -> ImportMapping:
    """The mapping in a YAML file.

    Args:
        path: The file.
        defaults: Field -> name, for what it does not say; see ``tools.TOOLS``.

    Raises:
        StanceError: Not YAML, a key that there is not or that stands twice, a value of another kind, a line that was
            left open.
    """
    place = str(must_exist(path, "mapping"))
    try:
        said = yaml.load(Path(path).read_text(encoding="utf-8"), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        place = f"{place}, line {where.line + 1}" if where else place
        raise input_error(place, f"malformed YAML: {first_line(error)}") from None
    return to_mapping(said, place, defaults)


def to_mapping(said: object, place: str, defaults: Mapping[str, str] | None = None) -> ImportMapping:
    """The same of what stands in the file.

    Raises:
        StanceError: See :func:`read_mapping`.
    """
    said = dictionary(said, place, KEYS)
    questions = listed(said.get("questions"))
    common = {key: value for key, value in said.items() if key in QUESTION_KEYS}
    defaults = defaults or {}
    made = tuple(
        _question(common | dictionary(own, f"{place}, question {number}", QUESTION_KEYS), place, defaults)
        for number, own in enumerate(questions or [{}], start=1)
    )
    return ImportMapping(
        place=place,
        tool=plain(said.get("tool")),
        questions=made,
        take=frozenset(words_of(said.get("take"))),
        texts=_texts(said.get("texts"), place),
        files=plain(said.get("files")),
        options=replace(_options(said, place), looked_at=frozenset().union(*(one.names() for one in made))),
    )


def _options(said: Mapping[str, Any], place: str) -> Options:
    header = [plain(number) for number in listed(said.get("header", 1))]
    if not header or not all(re.fullmatch("0*[1-9][0-9]*", number) for number in header):
        raise input_error(f"{place}, header", "not numbers of rows", found=said.get("header"), allowed="3, or [1, 2]")
    quoting = plain(said.get("quoting")) or "double"
    one_of(f"{place}, quoting", quoting, ("double", "none"))
    return Options(
        encoding=plain(said.get("encoding")),
        sheet=plain(said.get("sheet")),
        header=tuple(map(int, header)),
        fill_down=tuple(words_of(said.get("fill_down"))),
        quoting=quoting,
    )


def _texts(said: object, place: str) -> Texts | None:
    if said is None:
        return None
    texts = dictionary(said, f"{place}, texts", [item.name for item in fields(Texts)])
    if not texts.get("path") or not texts.get("by"):
        raise input_error(f"{place}, texts", "incomplete", found=texts, allowed="path: FILE, by: FIELD, key: COLUMN")
    return Texts(**{key: plain(value) for key, value in texts.items()})


def _question(said: Mapping[str, Any], place: str, defaults: Mapping[str, str]) -> Question:
    sources = {name: Source(field=column) for name, column in defaults.items()}
    sources |= {name: source_of(said[name], f"{place}, {name}") for name in FIELDS if name in said}
    where = dictionary(said.get("where") or {}, f"{place}, where")
    annotators = said.get("annotators") or {}
    if isinstance(annotators, list):
        annotators = {plain(column): plain(column) for column in annotators}
    annotators = dictionary(annotators, f"{place}, annotators")
    if annotators:
        sources = {"label": Source(field="(cell)")} | {k: v for k, v in sources.items() if k != "label" or k in said}
        sources["annotator"] = Source(field="(annotator)")
    return Question(
        layer=plain(said.get("layer")),
        fields=sources,
        labels=_labels(said.get("labels") or {}, f"{place}, labels"),
        leave_out=frozenset(map(same, words_of(said.get("leave_out")))),
        where={name: frozenset(map(same, words_of(values))) for name, values in where.items()},
        annotators={column: plain(name) for column, name in annotators.items()},
        by_default=frozenset(defaults) - frozenset(said) - ({"label", "annotator"} if annotators else set()),
    )


def _labels(said: object, place: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for label, spellings in dictionary(said, place, LABELS).items():
        for spelling in map(same, words_of(spellings)):
            if spelling in found:
                raise input_error(place, f"spelled alike: {found[spelling]} and {label}", found=spelling)
            found[spelling] = label
    return found
