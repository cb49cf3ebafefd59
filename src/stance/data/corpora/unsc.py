"""UNSCon / UMUC: whom diplomats criticise in the UN Security Council. Only ``against`` is annotated.

Source: Zaczynska, Bourgonje and Stede (2024), How Diplomats Dispute: The UN Security Council Conflict Corpus,
LREC-COLING; Zaczynska and Stede (2024), SIGDIAL; read in the corrected version of the repository discourse-lab/UMUC
(not the first release, of the same speeches, that is often beside it). Licence: CC BY-SA for UNSCon, none is stated for
UMUC; the speeches are public records. Research use; nothing of it is part of this project.

``umuc/main_conflicts_sents.csv``: 2,432 sentences of 87 speeches (62 on Ukraine in 2014, 25 on peacekeeping and on
women, peace and security in 2016); ``umuc/speaker_UNSCon_metadata.tsv``: country and date of each speech. A speech is a
document, the country that speaks is the holder ("UN" for the secretariat), the five sentences before are the context.

What is labelled, and what is not. A sentence with a negative evaluation (direct, or indirect by way of a law, a group
or a person) is ``against`` each country that the annotation names, and against the United Nations Security Council
where that is the target; a challenge (of what another speaker said) is ``against`` the country that it names. The kind
of conflict is the row's tag. Left out are negative evaluations and challenges of nobody who is named (underspecified,
groups of countries) and corrections, which have no target. This gives 418 rows from 410 sentences of 55 speeches, 309
of them against the Russian Federation.

1,841 sentences are without a conflict, which is neither neutral nor favor: nobody judged whether they support a
country, and many do. As read by default the corpus has therefore one label: it can be read, counted and built as a
dataset that other models are tried on, but training on it alone is refused (one label only). ``derived_neutrals`` adds
sentences without any conflict as ``neutral`` toward each target that the same speech is against elsewhere (1,665 rows):
nobody judged them as neutral, and they are for telling conflict from its absence, not for three-way results. Split by
document: with six targets, ``split=target`` (the default, as there are no parts of its own) is refused.

Quirks handled: 611 rows without text separate paragraphs and are passed over; countries are in lower case with
underscores in one file and in capitals in the other.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from stance.base.annotations import Annotation, Corpus
from stance.base.errors import input_error, line_of
from stance.base.rows import read_rows
from stance.data.columns import text_of
from stance.data.corpora.checksums import verified
from stance.data.info import CorpusInfo

#: File -> SHA-256 of the bytes that the published results are about.
SENTENCES, SPEECHES = "umuc/main_conflicts_sents.csv", "umuc/speaker_UNSCon_metadata.tsv"
FILES: Mapping[str, str] = {
    SENTENCES: "bd0c65b8c2a6d8832cfdd7e19bb9bf5dabc0b08ad56d0b9e3f538f1b14a826a5",
    SPEECHES: "cd94254991c0aa249692d3b3fc65ebedf4e3cec2409f66c06d6b189bf455be9c",
}

NONE, UNNAMED = "_", ("_", "-NONE-")

#: Column -> the kinds of conflict in it.
EVALUATION, CHALLENGE = "A0_Negative_Evaluation", "B1_ChallengeType"
KINDS: Mapping[str, tuple[str, ...]] = {
    EVALUATION: (NONE, "Direct_NegEval", "Indirect_NegEval"),
    CHALLENGE: (NONE, "Challenge", "Correction"),
}

#: Column with a country -> the column that says what kind of conflict with it.
COUNTRIES: Mapping[str, str] = {
    "A4_Country_Name": EVALUATION,
    "A4_Country_Name_2": EVALUATION,
    "B3_Country_Name": CHALLENGE,
    "B3_Country_Name_2": CHALLENGE,
}

#: Columns with the kind of target among the Council's members, and what stands there for the Council itself.
MEMBERS, COUNCIL = ("A2_Target_Council", "A2_Target_Council_2"), "UNSC"
COUNCIL_NAME = "United Nations Security Council"

#: Sentences before the judged one that are its context.
BEFORE = 5


def read(folder: str | Path, *, derived_neutrals: bool = False, verify: bool = True) -> Corpus:
    """A row for each sentence and target that it is against, without parts.

    Args:
        folder: With ``umuc/``.
        derived_neutrals: Add sentences without a conflict, as neutral toward what their speech is against elsewhere.
        verify: Refuse other files than the known ones.

    Raises:
        StanceError: Names file, line and value: a missing or changed file, a missing column, an unknown kind of
            conflict, a speech without metadata.
    """
    files = {name: verified(Path(folder) / name, sha256, verify) for name, sha256 in FILES.items()}
    spoken = {row["fileid"]: row for _, row in read_rows(Path(folder) / SPEECHES)}
    speeches: dict[str, list[tuple[str, Mapping[str, str]]]] = defaultdict(list)
    needed = {"fileid", "speech_sentence_id", "text", *KINDS, *COUNTRIES, *MEMBERS}
    for line, row in read_rows(Path(folder) / SENTENCES):
        place = line_of(Path(folder) / SENTENCES, line)
        if missing := sorted(needed - set(row)):
            raise input_error(place, "columns are missing", found=missing, allowed=sorted(needed))
        if row["fileid"] not in spoken:
            raise input_error(place, f"no such speech in {SPEECHES}", found=row["fileid"])
        if row["text"].strip():
            speeches[row["fileid"]].append((place, row))
    annotations: list[Annotation] = []
    for speech, sentences in speeches.items():
        annotations += _speech(speech, sentences, spoken[speech], derived_neutrals)
    return Corpus(tuple(annotations), None, files)


def _speech(
    speech: str,
    sentences: Sequence[tuple[str, Mapping[str, str]]],
    spoken: Mapping[str, str],
    derived_neutrals: bool,
) -> Iterator[Annotation]:
    texts = [row["text"].strip() for _, row in sentences]
    targets = [_targets(row, place) for place, row in sentences]
    everywhere = sorted({target for found in targets for target in found})
    for index, (place, row) in enumerate(sentences):
        calm = all(row[column] == NONE for column in KINDS)
        for target in everywhere if calm and derived_neutrals else targets[index]:
            yield Annotation(
                id=f"{speech}-{row['speech_sentence_id']}>{target}",
                text=texts[index],
                holder=text_of(spoken.get("country"), "country", place, may_be_empty=False),
                target=target,
                label="neutral" if calm else "against",
                annotator="derived" if calm else "unsc",
                document=speech,
                context=" ".join(texts[max(0, index - BEFORE) : index]),
                date=text_of(spoken.get("date"), "date", place, may_be_empty=True),
                tags=() if calm else (targets[index][target],),
            )


def _targets(row: Mapping[str, str], place: str) -> dict[str, str]:
    """What a sentence is against, with the kind of conflict."""
    for column, kinds in KINDS.items():
        if row[column] not in kinds:
            raise input_error(place, f"unknown kind of conflict in {column}", found=row[column], allowed=kinds)
    found: dict[str, str] = {}
    for column, kind in COUNTRIES.items():
        if row[column] not in UNNAMED:
            found.setdefault(row[column].replace("_", " ").title(), row[kind])
    if COUNCIL in [row[column] for column in MEMBERS]:
        found.setdefault(COUNCIL_NAME, row[EVALUATION])
    return found


CORPUS = CorpusInfo(
    name="unsc",
    read=read,
    folder="unsc-conflicts",
    files="`umuc/main_conflicts_sents.csv`, `umuc/speaker_UNSCon_metadata.tsv`",
    origin="discourse-lab/UMUC (`Corpora/Annotated/Conflicts`), linatal/UNSCon",
    labels="against only",
    licence="CC BY-SA (UNSCon)",
    divided_by="document",
)
