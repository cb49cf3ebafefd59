"""SEESAW: who in a political news sentence is for or against whom or what.

Source: Zhang, Beauchamp and Wang (2022), Generative Entity-to-Entity Stance Detection with Knowledge Graph
Augmentation, EMNLP. Licence: CC BY-NC-SA 4.0. Research use; nothing of it is part of this project.

Articles come in stories (AllSides triplets). ``annotations/*.json`` gives triples of holder (subject), POS or NEG, and
target (object) by sentence, with the initials of the annotators; ``articles/*.json`` the sentences; ``meta/*.json`` the
story's date and the authors' part: train, valid and, where it is there, test. A story is a document: its articles tell
the same events.

Quirks handled: entities have canonical names, not those of the sentence, and a third of the triples need the article:
the title and the five sentences before are the context. The subject "None" is the author (holder empty); triples with
"Not in the list" as subject or object have no one to ask about and are left out (1,557 of 8,699). There is no neutral
label: pairs of entities of an annotated sentence without a triple (10,584) can be taken as neutral, which nobody
judged. Seven triples name an annotator twice, whose vote counts twice; two pairs have a triple of each label, by two
annotators, and stay two rows.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stance.base.annotations import Annotation, Corpus
from stance.base.errors import content, input_error
from stance.base.files import digest, file_digest, read_json
from stance.base.labels import parse_label
from stance.base.names import must_exist
from stance.data.corpora.checksums import with_parts
from stance.data.info import CorpusInfo

LABEL_MAP: Mapping[str, str] = {"NEG": "against", "POS": "favor"}
PARTS: Mapping[str, str] = {"train": "train", "valid": "validation", "test": "test"}

AUTHOR, UNLISTED = "None", "Not in the list"

#: Sentences before the judged one that are its context.
BEFORE = 5

#: Of the digests of all files of the stories marked train and valid, and with it the number of those articles.
ARTICLES, SHA256 = 486, "da955642fe138faa2ca10f1187bc77f166d9df59f054d53035c139a16ca4c947"


def read(folder: str | Path, *, derived_neutrals: bool = False, verify: bool = True) -> Corpus:
    """The triples with the authors' parts; where no story is marked test, those marked valid are test.

    Args:
        folder: With ``annotations/``, ``articles/`` and ``meta/``.
        derived_neutrals: Add the ordered pairs of a sentence's entities that have no triple, as neutral.
        verify: Refuse other files than the known ones. Files of stories marked test, which are in no copy that is known
            here, are not checked.

    Raises:
        StanceError: Names file and value: a missing or changed file, a key that is not there, an unknown label or part.
    """
    folder = Path(folder)
    rows: list[tuple[Annotation, str]] = []
    files: dict[str, str] = {}
    checked: dict[str, str] = {}
    paths = sorted(must_exist(folder / "annotations", "folder").glob("*.json"))
    for path in paths:
        article, story = folder / "articles" / path.name, path.name.partition("_DOCUMENT")[0]
        meta = folder / "meta" / f"{story}.json"
        digests = {f"{read.parent.name}/{read.name}": file_digest(read) for read in (path, article, meta)}
        files |= digests
        found = read_json(meta)
        if found.get("Split") not in PARTS:
            raise input_error(str(meta), "unknown part in 'Split'", found=found.get("Split"), allowed=PARTS)
        if found["Split"] != "test":
            checked |= digests
        date = str(found.get("story_time", ""))
        judged = _article(path, read_json(path), read_json(article), story, date, derived_neutrals)
        rows += [(annotation, PARTS[found["Split"]]) for annotation in judged]
    if verify and digest(checked) != SHA256:
        known = (
            f"the {ARTICLES} marked train and valid that results are about, others marked test, or data.verify=false"
        )
        raise input_error(str(folder), "other files than the known ones", found=f"{len(paths)} articles", allowed=known)
    if not any(part == "test" for _, part in rows):
        rows = [(annotation, "test" if part == "validation" else part) for annotation, part in rows]
    return with_parts(rows, files)


def _article(
    path: Path, stances: Mapping[str, Any], article: Mapping[str, Any], story: str, date: str, derived_neutrals: bool
) -> Iterator[Annotation]:
    """Every annotator's judgement of each triple of one article, and if asked for the pairs without one."""
    with content(str(path), "not of SEESAW's format"):
        sentences = {str(sentence["id"]): sentence["text"] for sentence in article["text"]}
        order = list(sentences)
        for number, triples in stances["sentence-level stances"].items():
            before = [sentences[i] for i in order[: order.index(number)][-BEFORE:]]
            fields = {
                "text": sentences[number].strip(),
                "document": story,
                "context": " ".join(filter(None, [stances["title"], *before])),
                "date": date,
            }
            prefix = f"{path.stem}-{number}"
            named = [t for t in triples if UNLISTED not in (t["subject"], t["object"])]
            for triple in named:
                label = parse_label(triple["sentiment"], LABEL_MAP, f"{path}, sentence {number}")
                holder = "" if triple["subject"] == AUTHOR else triple["subject"]
                for annotator in triple["annotators"]:
                    yield Annotation(
                        id=f"{prefix}-{triple['id']}", holder=holder, target=triple["object"], label=label,
                        annotator=annotator, **fields,
                    )  # fmt: skip
            for holder, target in _unjudged(named) if derived_neutrals else ():
                yield Annotation(
                    id=f"{prefix}-{holder}>{target}", holder=holder, target=target, label="neutral",
                    annotator="derived", **fields,
                )  # fmt: skip


def _unjudged(triples: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Ordered pairs of a sentence's entities that no triple is about."""
    judged = {(triple["subject"], triple["object"]) for triple in triples}
    entities = sorted(set(itertools.chain.from_iterable(judged)) - {AUTHOR})
    return (pair for pair in itertools.permutations(entities, 2) if pair not in judged)


CORPUS = CorpusInfo(
    name="seesaw",
    read=read,
    folder="seesaw",
    files="`annotations/`, `articles/`, `meta/`",
    origin="launchnlp/SEESAW",
    labels="2, neutral can be derived",
    parts=("train", "test"),
    headline="accuracy",
    licence="CC BY-NC-SA 4.0",
)
