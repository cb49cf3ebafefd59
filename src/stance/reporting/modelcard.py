"""The model card of a checkpoint: a ``README.md`` as the Hugging Face hub reads it, from what a run recorded."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from stance.base.labels import LABELS
from stance.base.markdown import markdown_table
from stance.base.measures import TITLES
from stance.base.questions import Question
from stance.evaluation.metrics import in_words
from stance.evaluation.report import Report
from stance.models.config import AS_IT_IS, KINDS, sources_of
from stance.models.input_format import InputFormat
from stance.models.pretrained import ENCODERS
from stance.reporting.page import PRIORS, verdict

#: The hub's names of measures; ours stands beside each.
HUB_METRICS = {"macro_f1": "f1", "favor_against_f1": "f1", "accuracy": "accuracy"}


def model_card(
    run: Mapping[str, Any],
    metrics: Mapping[str, Report],
    *,
    kind: str,
    train: Mapping[str, int],
    input_format: InputFormat,
) -> str:
    """``README.md`` with YAML metadata: what the model is, learnt from what, how good on what, and what it is not for.

    The licence is left out, since the run does not know it.

    Args:
        run: What goes into ``run.json``: ``name``, ``seed``, ``data``, ``config``, ``contents``, ``command``.
        metrics: The report of each part, as in ``metrics.json``.
        kind: One of :data:`stance.models.config.KINDS`.
        train: ``rows`` and ``documents`` that it learnt from.
        input_format: How rows become sequences (encoder only).
    """
    config = run["config"]
    corpora = _corpora(config)
    metadata = ModelCardData(
        model_name=run["name"],
        base_model=_base_model(config) if KINDS[kind].fine_tuned else None,
        datasets=corpora,
        library_name="transformers" if KINDS[kind].fine_tuned else "stance",
        pipeline_tag="text-classification",
        tags=["stance-detection", "stance", kind],
        eval_results=[
            EvalResult(
                task_type="text-classification",
                task_name="stance of a holder toward a target",
                dataset_type=run["data"]["name"],
                dataset_name=run["data"]["name"],
                dataset_split=part,
                metric_type=HUB_METRICS[name],
                metric_name=TITLES[name],
                metric_value=round(report.measures[name].value, 4),
            )
            for part, report in metrics.items()
            for name in HUB_METRICS
            if name in report.measures
        ],
    )
    lines = [
        "---",
        metadata.to_yaml(),
        "---",
        "",
        f"# {run['name']}",
        "",
        "Says whether a named **holder** is `against`, `neutral` toward or in `favor` of a **target**, a proposal, in "
        f"a **text**, with a probability for each. It is {KINDS[kind].described}, trained with the `stance` toolkit.",
        "",
        "## Learnt from",
        "",
        _learnt_from(run, corpora, train),
        "",
        "```",
        run["command"],
        "```",
        "",
        "## How good it is",
        "",
        *_results(run["data"]["name"], metrics),
        "",
        "## How to use it",
        "",
        *_usage(kind, input_format),
        "",
        "## Limits",
        "",
        *_limits(config, metrics),
    ]
    return "\n".join(lines) + "\n"


def _corpora(config: Mapping[str, Any]) -> list[str]:
    """The corpora learnt from, by name."""
    first = [name for source in sources_of(config) for name in _corpora_of(source)]
    own = [] if config["model"]["name"] == AS_IT_IS else _corpora_of(config)
    return list(dict.fromkeys([*own, *first]))


def _corpora_of(training: Mapping[str, Any]) -> list[str]:
    auxiliary = training.get("auxiliary", {"corpora": {}, "own_rows": True})
    own = [training["data"]["name"]] if auxiliary["own_rows"] else []
    return [*own, *(data["name"] for data in auxiliary["corpora"].values())]


def _learnt_from(run: Mapping[str, Any], corpora: Sequence[str], train: Mapping[str, int]) -> str:
    """Rows, corpora and parts; where another training came first, which."""
    config = run["config"]
    said = f"seed {run['seed']}; fingerprint of the data `{run['data']['fingerprint'][:16]}`."
    if "language_model" in config["model"]:
        model = config["model"]
        asked = f"the language model {model['language_model']} was asked as it is"
        if model["shots"]:
            asked += f", with {model['shots']} judged rows of {config['data']['name']} before each question"
        prompt = run["contents"]["prompt"][:16]
        return f"Nothing: {asked}; the prompt is `{prompt}`; split by {config['split']['by']}; {said}"
    own = f"{train['rows']:,} rows in {train['documents']:,} documents"
    if taken := config["model"].get("checkpoint"):
        return f"It is {taken}, as it is; {said}"
    if config.get("distill"):
        return f"{own} of {', '.join(corpora)}{_taught(config)} (seed {run['seed']}); {said}"
    if not config.get("source"):
        return f"{own} of {', '.join(corpora)}; split by {config['split']['by']}; {said}"
    first, *others = (
        f"the run {one['name']}, on {', '.join(_corpora_of(one))}{_taught(one)}" for one in sources_of(config)
    )
    if others:
        mean = "the mean of the weights" if config["model"].get("weights") else "the mean of the models"
        return f"It is {mean} of {'; of '.join([first, *others])}; {said}"
    if config["model"]["name"] == AS_IT_IS:
        return f"It is the model of {first}, as it is; {said}"
    return f"After {first}: {own} of {', '.join(_corpora_of(config))}; split by {config['split']['by']}; {said}"


def _taught(training: Mapping[str, Any]) -> str:
    """Whose answers a training learnt from, and to what; nothing if no model's."""
    distill = training.get("distill")
    if not distill:
        return ""
    further = f" and about the sentences of {distill['unlabelled']}" if distill.get("unlabelled") else ""
    asked = f"to these rows, to {distill['questions']:,} new questions about their texts{further}"
    return f", and the answers of {distill['teacher']['name']} {asked}"


def _base_model(config: Mapping[str, Any]) -> str | None:
    """The encoder's name on the hub; a folder has none."""
    model = ((config.get("source") or config) if config["model"]["name"] == AS_IT_IS else config)["model"]
    if model["name"] == AS_IT_IS:
        return None
    name = str(model["encoder"])
    if name in ENCODERS:
        return ENCODERS[name].hub_id
    return None if Path(name).is_dir() else name


def _results(data: str, metrics: Mapping[str, Report]) -> list[str]:
    names = list(dict.fromkeys(["macro_f1", "favor_against_f1", "accuracy", *(r.headline for r in metrics.values())]))
    heads = [f"part of {data}", "n (documents)", *(TITLES[name] for name in names), "best prior", "gain over it"]
    rows = [
        [
            part,
            f"{report.n:,} ({report.documents:,})",
            *(in_words(report.measures[name]) if name in report.measures else "" for name in names),
            f"{report.best_prior} {report.priors[report.best_prior]:.3f}",
            in_words(report.gain, sign="+"),
        ]
        for part, report in metrics.items()
    ]
    lead = next(part for part in ("test", "validation") if part in metrics)
    report = metrics[lead]
    said = verdict(report)
    lines = [
        markdown_table(heads, rows),
        "",
        "Intervals are 95% and resample documents; they hold no variance of seeds. The prior is the best guess that "
        f"does not read the text, on the same rows; on {lead} it is {PRIORS[report.best_prior]}. The gain is in "
        f"{TITLES[report.headline]}. For {lead}: {said[0].lower()}{said[1:]}",
    ]
    if "validation" in metrics:
        lines.append("The validation part has chosen what could be chosen, so that its scores flatter.")
    if report.calibration is not None:
        lines.append(f"Expected calibration error on {lead}: {in_words(report.calibration.after.ece)}.")
    return lines


def _usage(kind: str, input_format: InputFormat) -> list[str]:
    question = Question("The union accepted the offer on Monday.", "accept the offer", "the union")
    text, target, holder = (json.dumps(value) for value in (question.text, question.target, question.holder))
    lines = [
        "```python",
        "from stance import StanceClassifier",
        "",
        'classifier = StanceClassifier.from_pretrained("FOLDER OR HUB ID")',
        f"classifier.predict([{text}], targets=[{target}], holders=[{holder}])",
        "```",
    ]
    if not KINDS[kind].fine_tuned:
        return lines
    first, second = input_format.pair(question)
    words = input_format.context_words
    context = f"; before the text stand the last {words} words of its context, if there is any" if words else ""
    mark = input_format.mark
    marks = f" Each mention of the holder in the text stands between `{mark}` and `{mark}`." if mark else ""
    return [
        *lines,
        "",
        "Or without the toolkit, with the pair of sequences that it was trained on. The labels are the same; the "
        "probabilities are uncalibrated there, since the factor that was fitted on validation stands in `stance.json`.",
        "",
        "```python",
        "from transformers import pipeline",
        "",
        'classifier = pipeline("text-classification", model="FOLDER OR HUB ID", top_k=None)',
        f"row = {json.dumps({'text': first, 'text_pair': second}, ensure_ascii=False)}",
        f'classifier([row], truncation="only_first", max_length={input_format.max_length})',
        "```",
        "",
        f"`text` is `{input_format.first}`{context}; `text_pair` is `{input_format.second}`. For an empty holder, the "
        f"author or speaker, write `{input_format.author}`.{marks}",
    ]


def _limits(config: Mapping[str, Any], metrics: Mapping[str, Report]) -> list[str]:
    limits = [
        f"- The labels ({', '.join(LABELS)}) are judgements of what a text says of one holder toward one target. The "
        "same text gets other labels for other holders and targets; a tone or a sentiment is no stance.",
        "- What is scored above are rows of the corpus named there. Other sources, times, languages and kinds of "
        "target are unknown: annotate some rows of yours and score them before relying on it.",
        "- Shares of predicted labels are not shares of stance: a model that errs moves them.",
        "- Not for decisions about persons.",
    ]
    limits += [f"- {caveat}" for caveat in (next(iter(metrics.values())).prompt or {}).get("caveats", ())]
    if own := sorted({"negotiation", "news", "bundled", "silver"} & set(_corpora(config))):
        limits.append(
            f"- Every sentence and judgement of the corpus {own[0]} was written by a language model; no human coder "
            "took part. Its data statement, `seeds/README.md` of the toolkit, says what follows from that."
        )
    return limits
