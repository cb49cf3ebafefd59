"""GWSD, the Global Warming Stance Dataset: clauses from climate news, eight annotators each.

Source: Luo, Card and Jurafsky (2020), Detecting Stance in Media on Global Warming, Findings of EMNLP. Licence: none is
stated with the files. Research use; nothing of it is part of this project.

``GWSD.tsv``: 2,050 clauses, 200 of them marked as the held-out test; one target. agrees / neutral / disagrees of
worker_0 to worker_7 are the votes; the authors' label is the most probable one under their Bayesian model of the
annotators (columns agree, neutral, disagree): it stands as the annotator ``model``, who decides every row. There is no
official validation part.

Quirks handled: quoting is off (31 clauses hold bare double quotes); five screening clauses are repeated in 50 batches
without probabilities (250 rows) and are left out; the workers of one column differ from batch to batch, so that an
annotator is a column of a batch. The files do not say which article a clause is from: every clause is its own document.
Eight train clauses are duplicates and one is also in test: the leakage check reports them. Holder is empty.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from stance.base.annotations import Annotation, Corpus
from stance.base.errors import input_error, line_of
from stance.base.labels import LABELS, Label, parse_label
from stance.base.lines import read_lines
from stance.data.columns import text_of
from stance.data.corpora.checksums import verified, with_parts
from stance.data.info import CorpusInfo

TARGET = "Climate change / global warming is a serious concern"

VOTES: Mapping[str, str] = {"agrees": "favor", "neutral": "neutral", "disagrees": "against"}
PROBABILITIES: Mapping[str, str] = {"agree": "favor", "neutral": "neutral", "disagree": "against"}
WORKERS = tuple(f"worker_{i}" for i in range(8))

#: Of ``in_held_out_test``.
PARTS: Mapping[str, str] = {"True": "test", "False": "train"}

#: The annotator that stands for the authors' model; it decides.
MODEL = "model"

SHA256 = "ebac0a1abf7e38a7708c7f8d0e699e0c7117a716a30d8befb0ca5d0e1e259c12"


def read(folder: str | Path, *, verify: bool = True) -> Corpus:
    """The votes on each clause and the authors' label, with the official parts.

    Raises:
        StanceError: Names file, line and value: a missing or changed file, a missing cell, an unknown label.
    """
    path = Path(folder) / "GWSD.tsv"
    return with_parts(_judged(path), {path.name: verified(path, SHA256, verify)}, adjudicator=MODEL)


def _judged(path: Path) -> Iterator[tuple[Annotation, str]]:
    for place, row in _rows(path):
        if not row["agree"]:
            continue
        if row["in_held_out_test"] not in PARTS:
            raise input_error(place, "in_held_out_test", found=row["in_held_out_test"], allowed=PARTS)
        part = PARTS[row["in_held_out_test"]]
        text = text_of(row["sentence"], "sentence", place, may_be_empty=False)
        batch = f"{row['round']}-{row['batch']}"
        judges = {f"{batch}-{worker}": parse_label(row[worker], VOTES, place) for worker in WORKERS}
        for annotator, label in {**judges, MODEL: _most_probable(row, place)}.items():
            yield Annotation(row["guid"], text, "", TARGET, label, annotator, document=row["guid"]), part


def _most_probable(row: Mapping[str, str], place: str) -> Label:
    cells = [row[column] for column in PROBABILITIES]
    try:
        probability = dict(zip(PROBABILITIES.values(), map(float, cells), strict=True))
    except ValueError:
        probability = {}
    if not probability or not all(0 <= value <= 1 for value in probability.values()):
        raise input_error(place, "not three probabilities", found=cells, allowed="numbers from 0 to 1")
    return max(LABELS, key=lambda label: probability[label])


def _rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    needed = {"round", "batch", "sentence", "guid", "in_held_out_test", *WORKERS, *PROBABILITIES}
    header: list[str] = []
    for number, line in read_lines(path):
        cells = line.split("\t")
        place = line_of(path, number)
        if number == 1:
            header = cells
            if missing := sorted(needed - set(header)):
                raise input_error(place, "columns are missing", found=missing, allowed=sorted(needed))
        elif len(cells) != len(header):
            raise input_error(place, f"{len(cells)} cells", allowed=f"{len(header)}")
        else:
            yield place, dict(zip(header, cells, strict=True))


CORPUS = CorpusInfo(
    name="gwsd",
    read=read,
    folder="gwsd",
    files="`GWSD.tsv`",
    origin="yiweiluo/GWStance",
    parts=("train", "test"),
)
