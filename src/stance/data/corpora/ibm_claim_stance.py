"""IBM Debater, Claim Stance: claims from Wikipedia for and against 55 debate motions.

Source: Bar-Haim, Bhattacharya, Dinuzzo, Saha and Slonim (2017), Stance Classification of Context-Dependent Claims,
EACL, anthology E17-1024. Licence: CC BY-SA 3.0 (text of Wikipedia, (c) IBM). Nothing of it is part of this project.

``claim_stance_dataset_v1.csv``: 1,039 claims on 25 motions marked train, 1,355 on 30 others marked test; no official
validation part. The text is the claim as corrected to stand alone, the target the motion ("This house would ..."), and
favor is PRO, against CON toward the motion as it is worded. Two labels only. Holder is empty: the author. The motion is
the document, so that both its sides stay together; each article is about one motion, and so is within it.

All claims are read, also the 134 whose stance the authors found not to follow from the sentiment toward a target
(``Compatible``: no). Targets and sentiments within the claims are not read.

Quirks handled: the known copy went through a spreadsheet. Each line is one cell of a csv with semicolons and empty
cells after it; the cell, put together again where a claim holds semicolons, is a line of the csv that IBM released,
with commas. One claim is on two lines.

Quirks that stay: three claims are in both parts, on other motions; three repeat one of their motion. Motions are few
and unlike in size, so that a validation part drawn from train is two motions or so.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from stance.base.annotations import Annotation, Corpus
from stance.base.errors import input_error, line_of
from stance.base.lines import Line, read_lines
from stance.base.separated import separated_rows
from stance.data.columns import text_of
from stance.data.corpora.checksums import verified, with_parts
from stance.data.corpora.debates import argument, official_part
from stance.data.info import CorpusInfo

LABEL_MAP: Mapping[str, str] = {"CON": "against", "PRO": "favor"}
PARTS: Mapping[str, str] = {"train": "train", "test": "test"}

FILE, SHA256 = "claim_stance_dataset_v1.csv", "4742382728d81a65a69f54029c45f4a21e46e150350c8d686ecf487f38b5bb0c"

COLUMNS = ("claims.claimCorrectedText", "topicText", "claims.stance")


def read(folder: str | Path, *, verify: bool = True) -> Corpus:
    """The claims with their official parts.

    Raises:
        StanceError: Names file, line and value: a missing or changed file, a line that is not of the copy's format, an
            empty cell, an unknown label or part.
    """
    path = Path(folder) / FILE
    return with_parts(_claims(path), {FILE: verified(path, SHA256, verify)})


def _claims(path: Path) -> Iterator[tuple[Annotation, str]]:
    for line, row in separated_rows(path, ",", lines=_released_lines(path)):
        place = line_of(path, line)
        row_id, motion = (
            text_of(row.get(column), column, place, may_be_empty=False) for column in ("claims.claimId", "topicId")
        )
        known = {"row_id": row_id, "annotator": "ibm_claim_stance", "document": f"motion-{motion}"}
        yield argument(row, COLUMNS, LABEL_MAP, place, **known), official_part(row.get("split"), PARTS, place)


def _released_lines(path: Path) -> Iterator[Line]:
    """The lines of the csv that was released, each out of the cells of a line of the copy."""
    for number, line in read_lines(path):
        try:
            cells = next(csv.reader([line], delimiter=";", strict=True), [])
        except csv.Error as error:
            raise input_error(line_of(path, number), f"malformed csv: {error}") from None
        yield Line(number, ";".join(cells).rstrip(";") + "\n")


CORPUS = CorpusInfo(
    name="ibm_claim_stance",
    read=read,
    folder="ibm-claim-stance",
    files="`claim_stance_dataset_v1.csv`",
    origin="nicobari30/argumentativeRelationClaimPolarityDataset",
    labels="2",
    parts=("train", "test"),
    headline="favor_against_f1",
    licence="CC BY-SA 3.0",
)
