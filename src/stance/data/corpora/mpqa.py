"""MPQA 2.0: who has which attitude toward what, in world press of 2001 and 2002.

Source: Wiebe, Wilson and Cardie (2005), Annotating Expressions of Opinions and Emotions in Language; Wilson (2008),
Fine-grained Subjectivity and Sentiment Analysis (thesis), for attitudes and targets; read in the JSON of Marasović and
Frank (2018), SRL4ORL, NAACL (repository amarasovic/naacl-mpqa-srl4orl, ``jsons/new``). Licence: the annotations are
distributed under the GNU GPL, the texts remain their publishers', the repository states none. Research use; nothing of
it is part of this project.

``dev.json`` and ``test_fold_{0,1,2,3}.json`` have every document once: 480 with 8,781 sentences, most of them foreign
broadcasts and papers in English, 85 of the Wall Street Journal, and 48 other texts with letters and telephone calls, of
which some stand as one sentence of up to 2,106 words. (The train folds beside them have the same documents again.) A
sentence has its direct subjectives, each with at most one holder in it and any number of attitudes; an attitude has a
type and targets.

A row is a pair of holder and target in a sentence. A type that ends in -pos is favor, one that ends in -neg against.
What the pole is about depends on the type, which is the row's tag:

- sentiment, agree: what the holder feels about the target, or whether the holder agrees with it. This is stance.
- arguing: -pos, that the target is so or should be done; -neg, that it is not so or should not. The pole is that of the
  proposition, not of the thing in it: to argue that a vote was fair is -pos, and to argue that there was fraud is too.
  Where the target is a fragment of the proposition ("the vote"), the pole may be unlike the holder's stance on it.
- intention: -pos, that the holder means to do the target; -neg, that the holder means not to.

Pairs with attitudes of both poles are left out (202 of 4,184). 2,465 favor and 1,517 against stay, in 2,600 sentences,
of which 278 have two holders with unlike poles. other-attitude, speculation and none have no pole and make no row.

Quirks handled: where no holder is given, it may be the author, somebody in another sentence, or anybody, and these
files do not say which (not even where ``ds_implicit`` is set: in a quotation that goes on, that is whoever is quoted).
So no row asks for the author, and such pairs are left out and counted (775). Holders and targets stay as they are
mentioned, pronouns too; mentions in the same words are one. Inferred, sarcastic and uncertain attitudes are kept, with
that as a tag. The five sentences before are the context.

``derived_neutrals`` adds as ``neutral``, with the tag ``derived_neutral``, every holder of a sentence with every target
that some holder there has a pole toward, where there is no pole between the two (2,512). Nobody judged them, and they
are no sure neutrals: mixed into a training they taught that "X rejected Y's offer" is neutral (one seed). In 170 of
them the holder is the target, in 8 there is an attitude without a pole.

There are no official parts: ``split=document``.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

from stance.base.annotations import Annotation, Corpus
from stance.base.errors import StanceError, input_error
from stance.base.files import read_json
from stance.base.labels import Label
from stance.data.corpora.checksums import verified
from stance.data.corpora.treebank import Joined, joined
from stance.data.info import CorpusInfo

#: File -> SHA-256 of the bytes that the published results are about.
FILES: Mapping[str, str] = {
    "dev.json": "294031742e86cb80518e707cff8483fb9ce204daa5aee6d49a930b4d60b8220e",
    "test_fold_0.json": "ddacff73dea70533469ed1ee111c109971b08a4dcdac72e1e965d6661e4a7b78",
    "test_fold_1.json": "bca3f3079d0d598e20556c26877636076cc5beaaaad413c578e059288b989391",
    "test_fold_2.json": "c1f3e04c257b45e09dc040bdd64cdbac59997cc4d7e8fbcef73ef3927dffcad5",
    "test_fold_3.json": "7073b144c0e3b4644a4a9bcd21b2863c583b4efafcd9e9586d3841d792b3f9ec",
}

#: Type of attitude -> pole; None where it has none.
POLES: Mapping[str, Label | None] = {
    **{f"{kind}-pos": "favor" for kind in ("sentiment", "arguing", "agree", "intention")},
    **{f"{kind}-neg": "against" for kind in ("sentiment", "arguing", "agree", "intention")},
    **dict.fromkeys(("other-attitude", "speculation", "other", "none")),
}  # fmt: skip

#: Flags that are tags, and the values that set them.
FLAGS, SET = ("inferred", "sarcastic", "uncertain"), ("yes", "somewhat-uncertain", "very-uncertain")

#: What is left out, as it is counted.
BOTH, NOBODY = "favor and against", "favor or against, holder not in the sentence"

DERIVED = "derived_neutral"

#: Before every path of a document; row ids go without it.
ROOT = "database.mpqa.2.0/docs/"

#: Sentences before the judged one that are its context.
BEFORE = 5


@dataclass(frozen=True, slots=True)
class Mention:
    """Words of a sentence, and the first and last of its tokens that they are, from 0."""

    text: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Attitude:
    """One attitude toward one target; ``holder`` is None where the sentence does not mention it."""

    holder: Mention | None
    target: Mention
    kind: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with the holders in it, whether or not they have an attitude, and all attitudes."""

    document: str
    number: int
    text: str
    holders: tuple[Mention, ...]
    attitudes: tuple[Attitude, ...]


def read(folder: str | Path, *, derived_neutrals: bool = False, verify: bool = True) -> Corpus:
    """A row for each pair of holder and target with one pole, without parts.

    Args:
        folder: With the five files.
        derived_neutrals: Add pairs of a sentence's holders and targets without a pole, as neutral.
        verify: Refuse other files than the known ones.

    Raises:
        StanceError: Names file, document, sentence and value: a missing or changed file, one that is not of the format,
            an unknown type of attitude, a mention that is not where the file says, a document that is there twice.
    """
    files = {name: verified(Path(folder) / name, sha256, verify) for name, sha256 in FILES.items()}
    annotations: list[Annotation] = []
    left_out: Counter[str] = Counter()
    found: dict[str, str] = {}
    for name in FILES:
        for sentences in documents(Path(folder) / name):
            document = sentences[0].document
            if document in found:
                problem = f"a document that stands in {found[document]} already"
                raise input_error(str(Path(folder) / name), problem, found=document)
            found[document] = name
            for index, sentence in enumerate(sentences):
                context = " ".join(before.text for before in sentences[max(0, index - BEFORE) : index])
                annotations += _rows(sentence, context, derived_neutrals, left_out)
    return Corpus(tuple(annotations), None, files, left_out=left_out)


def _rows(sentence: Sentence, context: str, derived_neutrals: bool, left_out: Counter[str]) -> Iterator[Annotation]:
    def row(holder: Mention, target: Mention, label: Label, annotator: str, tags: Sequence[str]) -> Annotation:
        place = f"{holder.first}:{holder.last}>{target.first}:{target.last}"
        return Annotation(
            id=f"{sentence.document.removeprefix(ROOT)}-{sentence.number}-{place}",
            text=sentence.text, holder=holder.text, target=target.text, label=label, annotator=annotator,
            document=sentence.document, context=context, tags=tuple(tags),
        )  # fmt: skip

    pairs = with_poles(sentence)
    for attitudes in pairs.values():
        first, labels = attitudes[0], {POLES[attitude.kind] for attitude in attitudes}
        if first.holder is None:
            left_out[NOBODY] += 1
        elif labels == {"favor", "against"}:
            left_out[BOTH] += 1
        else:
            tags = {attitude.kind.partition("-")[0] for attitude in attitudes}
            flags = {flag for attitude in attitudes for flag in attitude.flags}
            label: Label = "favor" if "favor" in labels else "against"
            yield row(first.holder, first.target, label, "mpqa", sorted(tags) + sorted(flags))
    if derived_neutrals:
        wanted = [attitudes[0].target for (holder, _), attitudes in pairs.items() if holder is not None]
        for holder, target in product(_distinct(sentence.holders), _distinct(wanted)):
            if (holder.text, target.text) not in pairs:
                yield row(holder, target, "neutral", "derived", [DERIVED])


def _distinct(mentions: Iterable[Mention]) -> list[Mention]:
    """Of mentions in the same words the first."""
    first: dict[str, Mention] = {}
    for mention in mentions:
        first.setdefault(mention.text, mention)
    return list(first.values())


def with_poles(sentence: Sentence) -> dict[tuple[str | None, str], list[Attitude]]:
    """Attitudes that have a pole, by the words of holder and target; without a holder in the sentence it is None."""
    pairs: dict[tuple[str | None, str], list[Attitude]] = defaultdict(list)
    for attitude in sentence.attitudes:
        if POLES[attitude.kind] is not None:
            holder = None if attitude.holder is None else attitude.holder.text
            pairs[holder, attitude.target.text].append(attitude)
    return dict(pairs)


def documents(path: Path) -> Iterator[tuple[Sentence, ...]]:
    """The sentences of each document in a file, in the order of the text.

    Raises:
        StanceError: See :func:`read`.
    """
    content = read_json(path)
    place = str(path)
    try:
        for key, document in _objects(content):
            place = f"{path}, {key}"
            name, numbered = document["document_path"], {}
            for key_of_sentence, sentence in _objects(document):
                place = f"{path}, {key}, {key_of_sentence}"
                number = int(key_of_sentence.removeprefix("sentence"))
                numbered[number] = _sentence(name, number, sentence, place)
            if numbered:
                yield tuple(numbered[number] for number in sorted(numbered))
    except StanceError:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise input_error(place, "not of MPQA's format", found=repr(error)) from None


def _objects(content: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Keys and values that are objects: documents among counts, attitudes among flags, and so on."""
    return [(key, value) for key, value in content.items() if isinstance(value, dict)]


def _sentence(document: str, number: int, content: Mapping[str, Any], place: str) -> Sentence:
    tokens = content["sentence_tokenized"]
    whole = joined(tokens)
    holders: list[Mention] = []
    attitudes: list[Attitude] = []
    for _, subjective in _objects(content):
        of_this = _mentions(subjective, "holders", tokens, whole, place)
        holders += of_this
        holders_or_none: Sequence[Mention | None] = of_this or [None]
        for _, attitude in _objects(subjective):
            kind = attitude["attitudes_types"]
            if kind not in POLES:
                raise input_error(place, "unknown type of attitude", found=kind, allowed=POLES)
            flags = tuple(flag for flag in FLAGS if attitude[f"attitudes_{flag}"] in SET)
            for target in _mentions(attitude, "targets", tokens, whole, place):
                attitudes += [Attitude(holder, target, kind, flags) for holder in holders_or_none]
    return Sentence(document, number, whole.text, tuple(holders), tuple(attitudes))


def _mentions(
    content: Mapping[str, Any], name: Literal["holders", "targets"], tokens: Sequence[str], whole: Joined, place: str
) -> list[Mention]:
    """The holders or targets that stand in a sentence."""
    found = []
    for words, indices in zip(content[f"{name}_tokenized"], content[f"{name}_indices"], strict=True):
        first, last = indices[0], indices[-1]
        if tokens[first : last + 1] != words or len(indices) != len(words):
            raise input_error(place, f"{name}_tokenized are not where {name}_indices say", found=words)
        found.append(Mention(whole.text[whole.spans[first][0] : whole.spans[last][1]], first, last))
    return found


CORPUS = CorpusInfo(
    name="mpqa",
    read=read,
    folder="mpqa2",
    files="`dev.json`, `test_fold_{0,1,2,3}.json`",
    origin="amarasovic/naacl-mpqa-srl4orl, `jsons/new`",
    labels="2, neutral can be derived",
    licence="GNU GPL for the annotations; the texts are their publishers'",
    divided_by="document",
)
