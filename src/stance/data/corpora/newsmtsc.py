"""NewsMTSC: tone toward a person or party that is mentioned, in sentences of political news.

Source: Hamborg and Donnay (2021), NewsMTSC: A Dataset for (Multi-)Target-dependent Sentiment Classification in
Political News Articles, EACL. Licence: MIT for the repository; the data states none of its own and asks for citation.
Nothing of it is part of this project.

``train.jsonl`` (8,739 targets in 7,758 sentences) is train, ``devtest_mt.jsonl`` (sentences with two targets or more,
1,476) is validation, ``devtest_rw.jsonl`` (the distribution of the news, 1,146) is test. polarity 2 / 4 / 6 (negative,
neutral, positive) is against / neutral / favor: sentiment rather than stance, from whichever source the sentence has.
Holder is empty. The target is the mention as the sentence spells it, at ``from`` to ``to``.

Quirks handled: 480 of 1,018 test articles also have sentences in train (validation: 325 of 672): the article (first
three fields of the id) is the document, so that the leakage check reports them, ``split.leaks=drop`` leaves those
articles out of train, and ``split=document`` divides anew.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from stance.base.annotations import Annotation
from stance.base.errors import input_error, line_of
from stance.base.labels import parse_label
from stance.base.rows import read_rows
from stance.data.columns import text_of
from stance.data.corpora.checksums import reader_of
from stance.data.info import CorpusInfo

LABEL_MAP: Mapping[str, str] = {"2.0": "against", "4.0": "neutral", "6.0": "favor"}

#: File -> part and SHA-256 of the bytes that the published results are about.
FILES: Mapping[str, tuple[str, str]] = {
    "train.jsonl": ("train", "fb80ff05993dd59016c36abefaa7bd00d77cb0cb38a781c1f9edd9ad7c61471e"),
    "devtest_mt.jsonl": ("validation", "f7657900083bc12f41f1dcd7f19ae5b3eec87844da5eeb22d07ee916fe83a865"),
    "devtest_rw.jsonl": ("test", "c915d6461625cc610a43fd0bac7a25dddfc1252e1331a4bfb7cc30e75b35982a"),
}


def _sentences(path: Path, part: str) -> Iterator[Annotation]:
    for line, row in read_rows(path):
        place, text, targets = line_of(path, line), row.get("sentence_normalized"), row.get("targets")
        if not isinstance(text, str) or not isinstance(targets, list) or not targets:
            allowed = "sentence_normalized, targets"
            raise input_error(place, "no sentence or no targets", found=sorted(row), allowed=allowed)
        for target in targets:
            try:
                row_id, mention, polarity = target["Input.gid"], target["mention"], target["polarity"]
                found = text[target["from"] : target["to"]]
            except (KeyError, TypeError):
                allowed = "Input.gid, mention, polarity, from, to"
                raise input_error(place, "a key of a target is missing", found=target, allowed=allowed) from None
            if found != mention:
                raise input_error(place, "the mention is not where the file says", found=found, allowed=mention)
            yield Annotation(
                id=row_id,
                text=text_of(text, "sentence_normalized", place, may_be_empty=False),
                holder="",
                target=text_of(mention, "mention", place, may_be_empty=False),
                label=parse_label(str(polarity), LABEL_MAP, place),
                annotator="newsmtsc",
                document="_".join(row_id.split("_")[:3]),
            )


read = reader_of(FILES, _sentences)

CORPUS = CorpusInfo(
    name="newsmtsc",
    read=read,
    folder="newsmtsc",
    files="`train.jsonl`, `devtest_{mt,rw}.jsonl`",
    origin="fhamborg/NewsMTSC",
    labels="3, tone",
    parts=("train", "validation", "test"),
    licence="MIT for the repository",
)
