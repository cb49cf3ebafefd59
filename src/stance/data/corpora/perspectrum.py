"""Perspectrum: perspectives that support or undermine 907 claims of debate sites.

Source: Chen, Khashabi, Yin, Callison-Burch and Roth (2019), Seeing Things from a Different Angle: Discovering Diverse
Perspectives about Claims, NAACL, anthology N19-1053. Licence: CC BY-SA 4.0. Nothing of it is part of this project.

``perspectrum_with_answers_v1.0.json`` holds the claims, each with clusters of perspectives that say the same and share
a stance; ``perspective_pool_v1.0.json`` the perspectives' texts, of which 2,742 belong to no claim and are not read;
``dataset_split_v1.0.json`` the part of each claim. A row is a perspective of a claim: 6,978 / 2,071 / 2,773 on 541 /
139 / 227 claims. The target is the claim, and favor is SUPPORT, against UNDERMINE (``stance_label_3``; the finer label
adds how mildly). Two labels only: what is no perspective on the claim is not in the files. Holder is empty. Evidence
and topics are not read.

The claim is the document, so that both its sides stay together; five pairs of claims with the same words, but for
capitals, are one document each: four of them are in two parts.

Quirks handled: 17 perspectives are in two clusters of one claim: claim, cluster and perspective are the id, and both
rows are kept, as in the published numbers. Quirks that stay: 704 of 8,354 texts support one claim and undermine
another, since one perspective serves several claims; 653 texts of test are also in train, with another claim: the
leakage check reports them, ``split.leaks=drop`` leaves those rows out of train, and ``split=target`` divides anew. The
label of 106 clusters (269 rows, all UNDERMINE) rests on no vote for either side, and that of 24 goes against the votes.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stance.base.annotations import Annotation, Corpus
from stance.base.errors import content, input_error
from stance.base.files import read_json
from stance.data.corpora.checksums import verified, with_parts
from stance.data.corpora.debates import argument, official_part
from stance.data.info import CorpusInfo

LABEL_MAP: Mapping[str, str] = {"UNDERMINE": "against", "SUPPORT": "favor"}
PARTS: Mapping[str, str] = {"train": "train", "dev": "validation", "test": "test"}

CLAIMS, POOL, SPLIT = (
    "perspectrum_with_answers_v1.0.json",
    "perspective_pool_v1.0.json",
    "dataset_split_v1.0.json",
)

#: File -> SHA-256 of the bytes that the published results are about.
SHA256: Mapping[str, str] = {
    CLAIMS: "39d0391d26ebe21efb1cc3162abcc3c4212d2eadfb07514129c3015d6f6ae1f1",
    POOL: "d4d4e78c4777ea971d26546a8819aa9e02c5a68ffff45e10b40ca0cb91b43ae4",
    SPLIT: "5ba5296f6e5956c44a2fd014b15a3f7c10b9a253451162932acaf217f20cd7da",
}


def read(folder: str | Path, *, verify: bool = True) -> Corpus:
    """The perspectives of every claim, with the official parts.

    Raises:
        StanceError: Names file, claim and value: a missing or changed file, a key or perspective that is not there, an
            empty text, an unknown label or part.
    """
    folder = Path(folder)
    files = {name: verified(folder / name, sha256, verify) for name, sha256 in SHA256.items()}
    with content(str(folder), "not of Perspectrum's format"):
        return with_parts(_claims(folder), files)


def _claims(folder: Path) -> Iterator[tuple[Annotation, str]]:
    pool = {entry["pId"]: entry["text"] for entry in read_json(folder / POOL)}
    split = read_json(folder / SPLIT)
    documents: dict[str, str] = {}
    for claim in read_json(folder / CLAIMS):
        place = f"{folder / CLAIMS}, claim {claim['cId']}"
        part = official_part(split.get(str(claim["cId"])), PARTS, place)
        document = documents.setdefault(claim["text"].lower(), f"claim-{claim['cId']}")
        yield from ((annotation, part) for annotation in _perspectives(claim, pool, document, place))


def _perspectives(claim: Mapping[str, Any], pool: Mapping[int, str], document: str, place: str) -> Iterator[Annotation]:
    for number, cluster in enumerate(claim["perspectives"]):
        for perspective in cluster["pids"]:
            if perspective not in pool:
                raise input_error(place, f"no such perspective in {POOL}", found=perspective)
            row = {"perspective": pool[perspective], "claim": claim["text"], "stance": cluster["stance_label_3"]}
            row_id = f"{claim['cId']}-{number}-{perspective}"
            known = {"row_id": row_id, "annotator": "perspectrum", "document": document}
            yield argument(row, ("perspective", "claim", "stance"), LABEL_MAP, place, **known)


CORPUS = CorpusInfo(
    name="perspectrum",
    read=read,
    folder="perspectrum",
    files="`perspectrum_with_answers_v1.0.json`, `perspective_pool_v1.0.json`, `dataset_split_v1.0.json`",
    origin="CogComp/perspectrum",
    labels="2",
    parts=("train", "validation", "test"),
    headline="favor_against_f1",
    licence="CC BY-SA 4.0",
)
