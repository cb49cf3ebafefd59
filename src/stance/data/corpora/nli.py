"""Natural language inference as if it were stance: for intermediate training only, never for results about stance.

A premise is the text and a hypothesis the target; entailment / contradiction / neutral is favor / against / neutral;
holder is empty. Nobody takes a position in these pairs: a model that has learnt them has learnt to hold a text against
a claim, and is trained on stance afterwards. Scores on these rows are not stance scores, nor NLI scores (the files are
what others test on).

Source: the files of the repository felipessalvatore/NLI_datasets, of which are read: the development parts of MultiNLI
(Williams, Nangia and Bowman 2018, NAACL; 19,647 pairs) and SNLI (Bowman, Angeli, Potts and Manning 2015, EMNLP; 9,831),
SICK (Marelli et al. 2014, LREC; 9,500), CommitmentBank (de Marneffe, Simons and Tonhauser 2019; 250 and 56). Licences:
MultiNLI OANC and others, SNLI CC BY-SA 4.0, SICK CC BY-NC-SA 3.0. Research use; nothing of it is part of this project.

Quirks handled: RTE (``rte_train.csv``, ``rte_dev.csv``) is not read, since its not_entailment does not say whether a
pair is contradictory or neutral. MultiNLI and SNLI have about three pairs, SICK two, for a premise: a premise is a
document, in whichever file it stands, so that ``split=document`` keeps its pairs together. But for case and
punctuation 159 pairs repeat an earlier one. There are no parts of its own: development files were put together. File
and line number are the id.
"""

from collections.abc import Mapping
from pathlib import Path

from stance.base.annotations import Annotation, Corpus
from stance.base.errors import line_of
from stance.base.labels import parse_label
from stance.base.rows import read_rows
from stance.data.columns import text_of
from stance.data.corpora.checksums import verified
from stance.data.info import CorpusInfo

LABEL_MAP: Mapping[str, str] = {"contradiction": "against", "neutral": "neutral", "entailment": "favor"}

#: File -> SHA-256 of the known bytes.
FILES: Mapping[str, str] = {
    "mnli_dev.csv": "b1bc1a5b741446cdacfdd882b68709d14bac2ede39e4153b9a272f5028726255",
    "snli_dev.csv": "af9cc200896596e96b04ceb752b7ee66200910ab22eda7daaa4fe70ebb44e8b3",
    "sick_train.csv": "e438550814be275da5593577dd253d6584d099c2325271a9b6155df83005422e",
    "commitment_bank_train.csv": "fad1a0defe6b43f6cef38a395208c82c7ecab4e16b5a8ac1bde1dc719a97dd3d",
    "commitment_bank_dev.csv": "80bc5e7a12a91cd45433507472f18541f2d2b1951d0f612016ae7ea3f60ffb28",
}


def read(folder: str | Path, *, verify: bool = True) -> Corpus:
    """The pairs of all files, without parts.

    Raises:
        StanceError: Names file, line and value: a missing or changed file, an empty premise or hypothesis, an unknown
            label.
    """
    annotations: list[Annotation] = []
    digests: dict[str, str] = {}
    documents: dict[str, str] = {}
    for name, sha256 in FILES.items():
        path = Path(folder) / name
        digests[name] = verified(path, sha256, verify)
        for line, row in read_rows(path):
            place = line_of(path, line)
            row_id = f"{path.stem}-{line}"
            premise, hypothesis = (
                text_of(row.get(column), column, place, may_be_empty=False) for column in ("premise", "hypothesis")
            )
            label = parse_label(row.get("label"), LABEL_MAP, place)
            document = documents.setdefault(premise, row_id)
            annotations.append(Annotation(row_id, premise, "", hypothesis, label, annotator="nli", document=document))
    return Corpus(tuple(annotations), None, digests)


CORPUS = CorpusInfo(
    name="nli",
    read=read,
    folder="nli",
    files="`{mnli,snli}_dev.csv`, `sick_train.csv`, `commitment_bank_{train,dev}.csv`",
    origin="felipessalvatore/NLI_datasets",
    labels="inference, not stance",
    licence="several",
    divided_by="document",
)
