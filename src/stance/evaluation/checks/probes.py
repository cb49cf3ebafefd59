"""Does the model read: what becomes of its score when the text, the target or the holder is hidden, masked or swapped.

Hiding a part of the input is the partial-input baseline turned round (Gururangan et al. 2018, Annotation Artifacts in
Natural Language Inference Data, NAACL; for stance Kaushal, Saha and Ganguly 2021, tWT-WT, NAACL): the model stays, and
the input loses a part.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import regex

from stance.base.annotations import Example
from stance.base.files import write_json
from stance.base.labels import Label
from stance.base.markdown import markdown_table
from stance.base.mentions import mentions
from stance.base.names import as_name
from stance.base.predictions import Predictor
from stance.base.questions import questions_of
from stance.base.settings import as_values
from stance.base.words import composed, whole
from stance.data.build import load_part
from stance.data.seen import warn_of_learnt
from stance.data.splits import Splits
from stance.evaluation import metrics
from stance.evaluation.checks.pairs import (
    HOLDER_ASIDE,
    TARGET_ASIDE,
    groups,
    key_of,
    minimal_pairs,
    pair_scores,
    pairs_in,
    score,
)
from stance.evaluation.checks.report import Edited, Pairs, Probe, Probed, ProbeReport, Probes
from stance.evaluation.checks.robustness import compare, robustness
from stance.evaluation.config import ProbeConfig
from stance.evaluation.evaluate import predict_examples
from stance.evaluation.metrics import Score, in_words
from stance.models.classifier import StanceClassifier, checkpoint_folder

#: Stands for what is hidden: an empty text or target is refused by ``StanceClassifier.predict``, and an empty holder
#: would ask for the author.
HIDDEN = "..."

#: Stands for the holder, in the text and as the holder, where its name is masked.
MASKED = "X"

#: A change of the score that is surely smaller than this is none.
LEAST_DROP = 0.02

#: An input row for each example, or None where the probe does not apply to it.
Inputs = list[Example | None]


def probe(
    predictor: Predictor,
    examples: Sequence[Example],
    plain: Sequence[Label],
    *,
    related: Sequence[Example] = (),
    headline: str = "macro_f1",
    samples: int = 1000,
    seed: int = 0,
) -> Probes:
    """Every probe of one model on one part, and its pairs.

    Args:
        predictor: Any model whose answer to a row depends on that row alone (a prior that draws labels does not).
        examples: The part, with gold labels.
        plain: The labels that the model gave them.
        related: Examples of other parts, in which the other half of a minimal pair may be.
        headline: One of ``base.measures.ALL_MEASURES``.
        samples: Bootstrap samples over documents.
        seed: Of the swaps and of the bootstrap.
    """
    ask = _Asked(predictor, examples, plain)
    settings = (headline, samples, seed)
    probes = {name: _probe(name, ask, examples, plain, settings) for name in PROBES}
    parted = {name: pairs_in(examples, same) for name, same in (("holder", HOLDER_ASIDE), ("target", TARGET_ASIDE))}
    parted["minimal_pair"] = minimal_pairs(examples, related)
    pairs = {
        name: pair_scores(found, ask.labels([row for pair in found for row in pair]), samples, seed)
        for name, found in parted.items()
    }
    return Probes(probes, pairs, in_sentences(probes))


class _Asked:
    """A predictor that is asked for each distinct input once, and not for what is known already."""

    def __init__(self, predictor: Predictor, known: Sequence[Example], labels: Sequence[Label]) -> None:
        self.predictor = predictor
        self.said = dict(zip(questions_of(known), labels, strict=True))

    def labels(self, rows: Sequence[Example]) -> list[Label]:
        keys = questions_of(rows)
        new = {key: row for key, row in zip(keys, rows, strict=True) if key not in self.said}
        if new:
            for key, prediction in zip(new, predict_examples(self.predictor, list(new.values())), strict=True):
                self.said[key] = prediction.label
        return [self.said[key] for key in keys]


def _probe(
    name: str, ask: _Asked, examples: Sequence[Example], plain: Sequence[Label], settings: tuple[str, int, int]
) -> Probe:
    inputs = PROBES[name](examples, settings[-1])
    chosen = [index for index, row in enumerate(inputs) if row is not None]
    rows = [row for row in inputs if row is not None]
    if not rows:
        return Probe(0, 0)
    said = ask.labels(rows)
    compared = compare([examples[index] for index in chosen], [plain[index] for index in chosen], said, *settings)
    known = score(rows, said, *settings) if name.endswith("in_sentence") else None
    return Probe(len(rows), metrics.count_documents(rows), Probed(*compared, known))


def text_hidden(examples: Sequence[Example], seed: int) -> Inputs:
    """No text, and no context either."""
    return [replace(example, text=HIDDEN, context="") for example in examples]


def target_hidden(examples: Sequence[Example], seed: int) -> Inputs:
    """No target; the text may still name it."""
    return [replace(example, target=HIDDEN) for example in examples]


def holder_hidden(examples: Sequence[Example], seed: int) -> Inputs:
    """No holder, where there is one; the text may still name it."""
    return [replace(example, holder=HIDDEN) if example.holder else None for example in examples]


def name_masked(examples: Sequence[Example], seed: int) -> Inputs:
    """The holder's name replaced in text, context and holder, in the rows whose text has it, with or without "the".

    A word that is no mention of the holder stays, as the us beside a holder US.
    """
    patterns = {holder: _pattern(holder) for holder in {example.holder for example in examples}}
    inputs: Inputs = []
    for example in examples:
        name, text = patterns[example.holder], composed(example.text)
        masked = _masked(text, name, example.holder)
        if masked == text:
            inputs.append(None)
            continue
        context = _masked(composed(example.context), name, example.holder)
        inputs.append(replace(example, text=masked, context=context, holder=MASKED))
    return inputs


def _masked(text: str, name: regex.Pattern[str] | None, holder: str) -> str:
    if name is None or not name.search(text):
        return text
    places = mentions(text, composed(holder))

    def other(match: regex.Match[str]) -> str:
        return MASKED if any(start < match.end() and match.start() < end for start, end in places) else match[0]

    return str(name.sub(other, text))


def _pattern(holder: str) -> regex.Pattern[str] | None:
    """What finds the holder's name, with or without "the"; None for the author."""
    bare = regex.sub(r"^the\s+", "", composed(holder.strip()), flags=regex.I)
    return regex.compile(rf"\b(?:the\s+){whole([bare])}|{whole([bare])}", regex.I) if bare else None


def target_swapped(examples: Sequence[Example], seed: int) -> Inputs:
    """A target drawn from those of other documents."""
    homes: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        homes[example.target].add(example.document)
    inputs: Inputs = []
    for example in examples:
        others = [target for target, documents in homes.items() if example.document not in documents]
        chosen = random.Random(f"{seed}: {example.id}").choice(others) if others else None
        inputs.append(None if chosen is None else replace(example, target=chosen))
    return inputs


def target_swapped_in_sentence(examples: Sequence[Example], seed: int) -> Inputs:
    """The row with the same sentence and holder, and another target."""
    return _swapped(examples, TARGET_ASIDE, seed)


def holder_swapped_in_sentence(examples: Sequence[Example], seed: int) -> Inputs:
    """The row with the same sentence and target, and another holder."""
    return _swapped(examples, HOLDER_ASIDE, seed)


def _swapped(examples: Sequence[Example], same: Sequence[str], seed: int) -> Inputs:
    sentences = groups(examples, same)
    inputs: Inputs = []
    for example in examples:
        rows = sentences[key_of(example, same)]
        others = [row for row in rows if (row.holder, row.target) != (example.holder, example.target)]
        inputs.append(random.Random(f"{seed}: {example.id}").choice(others) if others else None)
    return inputs


#: By name, the input rows that a probe makes of a part.
PROBES: Mapping[str, Callable[[Sequence[Example], int], Inputs]] = {
    make.__name__: make
    for make in (
        text_hidden,
        target_hidden,
        holder_hidden,
        name_masked,
        target_swapped,
        target_swapped_in_sentence,
        holder_swapped_in_sentence,
    )
}


def in_sentences(probes: Mapping[str, Probe]) -> list[str]:
    """For text, target and holder, whether the score depends on it.

    It does if the interval of what hiding costs, or gains, excludes 0 and reaches beyond ``LEAST_DROP``; it does not if
    the interval stays within it on both sides; anything else these rows cannot show. Of fewer than
    ``FEW_DOCUMENTS`` it is said that the interval is too narrow to go by.
    """
    lines = []
    for part in ("text", "target", "holder"):
        found = probes[f"{part}_hidden"]
        if found.scores is None:
            lines.append(f"no row has a {part} to hide")
            continue
        difference = found.scores.difference
        drop = Score(0 - difference.value, 0 - difference.high, 0 - difference.low)
        if drop.low > -LEAST_DROP and drop.high < LEAST_DROP:
            verdict = f"does not depend on the {part}"
        elif drop.low <= 0 <= drop.high:
            verdict = f"does not depend on the {part} as far as these rows can show"
        elif drop.high < 0:
            verdict = f"is better without the {part}"
        else:
            verdict = f"depends on the {part}"
        size = f"{in_words(drop, sign='+')}, n = {found.n} in {found.documents} documents"
        size += ", so few that the interval is too narrow to go by" if found.documents < metrics.FEW_DOCUMENTS else ""
        lines.append(f"the score {verdict}: hiding it costs {size}")
    return lines


def probe_table(report: ProbeReport) -> str:
    """Markdown tables of probes, attacks and pairs, and the words below them."""
    heads = ["probe", "n", f"plain {report.headline}", "probed", "difference", "labels changed", "by its own gold"]
    attacks = report.robustness.attacks
    rows = [_line(name.replace("_", " "), found.n, found.scores) for name, found in report.found.probes.items()]
    rows += [_line(f"attack: {name}", found.n, found.scores) for name, found in attacks.items()]
    pair_heads = ["pairs by", "n", "both right", "first right", "second right", "n of unlike gold", "both right"]
    pairs = [_pair_line(name, found) for name, found in report.found.pairs.items()]
    losses = [
        f"{name} {_number(None if found.scores is None else found.scores.relative_loss, '+.1%')}"
        for name, found in attacks.items()
    ]
    return "\n".join(
        [
            markdown_table(heads, rows),
            "",
            markdown_table(pair_heads, pairs),
            "",
            f"relative loss: {', '.join(losses)}; resilience {_number(report.robustness.resilience, '.3f')}",
            *report.found.words,
        ]
    )


def _line(name: str, n: int, found: Probed | Edited | None) -> list[object]:
    if found is None:
        return [name, 0, "not applicable", "", "", "", ""]
    other, known = (found.probed, found.known) if isinstance(found, Probed) else (found.edited, None)
    scores = (in_words(found.plain), in_words(other), in_words(found.difference, sign="+"))
    return [name, n, *scores, f"{found.changed:.1%}", "" if known is None else in_words(known)]


def _pair_line(name: str, pairs: Pairs) -> list[object]:
    found = pairs.scores
    if found is None:
        return [name, 0, "", "", "", 0, ""]
    shares = [in_words(share) for share in (found.both, found.first, found.second)]
    return [name, pairs.n, *shares, found.differ.n, "" if found.differ.both is None else in_words(found.differ.both)]


def _number(value: float | None, form: str) -> str:
    return "none" if value is None else format(value, form)


def related_rows(splits: Splits, part: str) -> list[Example]:
    """The rows of the parts beside one that nothing was learnt from: where other halves of its minimal pairs may be."""
    return [example for other, rows in splits.items() if other not in ("train", part) for example in rows]


def probe_part(config: ProbeConfig) -> tuple[ProbeReport, Path]:
    """Probes and robustness of a checkpoint on one part of a dataset; the report, and where it was written.

    Raises:
        StanceError: An unknown part; a faulty file or checkpoint.
    """
    splits, record = load_part(config.outputs, config.data, config.split, config.part)
    examples, related = splits[config.part], related_rows(splits, config.part)
    classifier = StanceClassifier.from_pretrained(config.checkpoint)
    warn_of_learnt(checkpoint_folder(config.checkpoint), classifier.card.data, record, examples)
    headline, samples, seed = config.data.headline, config.bootstrap, config.seed
    model = classifier.predictor
    plain = [prediction.label for prediction in predict_examples(model, examples)]
    report = ProbeReport(
        version=1,
        of=config.checkpoint,
        part=config.part,
        seed=seed,
        data={"name": record.name, "fingerprint": record.fingerprint},
        n=len(examples),
        documents=metrics.count_documents(examples),
        headline=headline,
        plain=score(examples, plain, headline, samples, seed),
        found=probe(model, examples, plain, related=related, headline=headline, samples=samples, seed=seed),
        robustness=robustness(model, examples, plain, headline=headline, samples=samples, seed=seed),
    )
    path = Path(config.outputs) / "probes" / f"{as_name(config.checkpoint)}.{record.name}.{config.part}.json"
    path = path if config.output is None else Path(config.output)
    write_json(path, as_values(report))
    return report, path
