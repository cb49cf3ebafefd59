"""A prompted language model as a model like any other: rows in, probabilities out, a folder that it is loaded from."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stance.base.annotations import Example
from stance.base.errors import StanceError, input_error
from stance.base.files import digest, read_json, write_json
from stance.base.labels import LABEL2ID, LABELS
from stance.base.names import as_name
from stance.base.predictions import Predictor, Probabilities
from stance.base.questions import Question, questions_of
from stance.models.card import Card
from stance.models.combined import leaves
from stance.models.config import PromptConfig
from stance.models.fitting import Setup
from stance.models.prompting.answers import Said, from_samples
from stance.models.prompting.asking import Conversation
from stance.models.prompting.cache import Answers
from stance.models.prompting.client import ChatServer, Dialect
from stance.models.prompting.config import ServerConfig
from stance.models.prompting.local import LocalModel
from stance.models.prompting.template import JudgedQuestion, Prompt, prompt_of
from stance.models.scaling import fit_scale, rescale

log = logging.getLogger(__name__)

#: In a checkpoint, and its version.
FILE, VERSION = "prompt.json", 1

#: What a language model had to do with a corpus, by its reader.
MADE_BY_A_MODEL: Mapping[str, str] = {
    "negotiation": "The sentences and judgements",
    "news": "The sentences and judgements",
    "bundled": "The sentences and judgements",
    "silver": "The sentences and judgements",
    "wire": "The judgements",
}

SEEN = (
    "A language model may have seen a public corpus while it was trained, gold labels and all. Nothing here shows that "
    "it has not, and on rows that it has seen the score is none on new ones."
)


@dataclass(slots=True)
class PromptModel:
    """A language model with its prompt, its examples, and what it records of itself.

    Attributes:
        config: What is asked, and how.
        server: Where.
        talk: With the model: see :class:`stance.models.prompting.asking.Conversation`.
        pool: Judged rows of train that examples are taken from: for balance the examples themselves.
        prior: Shares of the labels in train, shape (3,): what a row without an answer gets.
        scale: Of the logarithms of the probabilities, fitted on validation.
        itself: Rows that were asked twice, and how many got the same label; empty if none were.
    """

    config: PromptConfig
    server: ServerConfig
    talk: Conversation
    pool: tuple[JudgedQuestion, ...] = ()
    prior: NDArray[np.float64] = field(default_factory=lambda: np.full(len(LABELS), 1 / len(LABELS)))
    scale: float = 1.0
    itself: dict[str, int] = field(default_factory=dict)
    _vectors: NDArray[np.float32] | None = None
    _encoder: Any = None

    def predict_proba(self, questions: Sequence[Question]) -> Probabilities:
        """See :class:`stance.base.predictions.Predictor`. Rows without an answer get the prior, with a warning.

        Raises:
            StanceError: The server or the budget; or with ``unanswered=stop`` a row without an answer.
        """
        said = self.judge(questions)
        lost = [one.problem for one in said if one.problem]
        if lost:
            what = ", ".join(f"{lost.count(problem)} {problem}" for problem in dict.fromkeys(lost))
            problem = f"{len(lost)} of {len(said)} rows have no answer that can be read ({what})"
            if self.config.unanswered == "stop":
                raw = self.talk.problems[-1]["replies"][0]
                raise input_error(self.config.language_model, problem, found=raw["refusal"] or raw["text"])
            log.warning("%s; they get the shares of the labels in train, and are counted", problem)
        return np.array([self.probabilities(one) for one in said])

    def judge(self, rows: Sequence[Question]) -> list[Said]:
        """What the model says of each row; rows without an answer say why."""
        return self.talk.ask(rows, self.examples)

    def examples(self, question: Question) -> Sequence[JudgedQuestion]:
        """The judged rows that are shown before a question, the most like it last; never its own text."""
        others = [one for one in self.pool if one.text != question.text]
        if self.config.choose == "balance" or not others or not self.config.shots:
            return others[: self.config.shots]
        if self._vectors is None:
            self._vectors = self._embed(self.pool)
        likeness = self._vectors @ self._embed([question])[0]
        order = [self.pool[i] for i in np.argsort(-likeness, kind="stable") if self.pool[i].text != question.text]
        return order[: self.config.shots][::-1]

    def probabilities(self, said: Said) -> NDArray[np.float64]:
        """Of the three labels, shape (3,), scaled; the prior where there is no answer."""
        if said.problem:
            return self.prior
        found = from_samples([said.label]) if said.probabilities is None else said.probabilities
        return found if self.scale == 1 else rescale(found[None], self.scale)[0]

    def _embed(self, rows: Sequence[Question]) -> NDArray[np.float32]:
        if self._encoder is None:
            from stance.models.features import EmbeddingFeatures

            self._encoder = EmbeddingFeatures.load_encoder(self.config.encoder).encoder
        texts = [f"{row.target}. {row.text}" for row in rows]
        return np.asarray(self._encoder.encode(texts, normalize_embeddings=True, show_progress_bar=False))

    def record(self) -> dict[str, Any]:
        """What a run says of it: model, prompt, origin of probabilities, tokens, costs, rows without an answer."""
        dialect = self.talk.asker.dialect
        return {
            "language_model": self.config.language_model,
            "endpoint": self.server.endpoint,
            "prompt": self.talk.prompt.digest,
            "shots": self.config.shots,
            "seed": self.talk.seed if dialect.seed else None,
            "temperature": 0 if dialect.temperature else None,
            "probabilities": self.talk.by if self.talk.by == "logprobs" else f"{self.config.samples} samples",
            "schema": dialect.schema,
            **self.talk.account(self.server.price),
            "tally": dict(self.talk.tally),
            "itself": self.itself,
        }

    def save(self, folder: Path) -> None:
        """Write ``prompt.json``: all but the key, and where answers are kept, relative to the folder."""
        kept = self.talk.answers.path
        config = {**asdict(self.config), "guidelines": Path(self.config.guidelines).name}
        if self.config.template is not None:
            config["template"] = Path(self.config.template).name
        page = {
            "version": VERSION,
            "config": config,
            "server": asdict(self.server),
            "prompt": {**asdict(self.talk.prompt), "digest": self.talk.prompt.digest},
            "dialect": asdict(self.talk.asker.dialect),
            "seed": self.talk.seed,
            "scale": self.scale,
            "prior": self.prior.tolist(),
            "itself": self.itself,
            "examples": [asdict(one) for one in self.pool],
            "answers": None if kept is None else os.path.relpath(kept.absolute(), folder.absolute()),
        }
        write_json(folder / FILE, page)


def fit(config: PromptConfig, train: Sequence[Example], validation: Sequence[Example], setup: Setup) -> PromptModel:
    """The model, ready to be asked. Examples are from train alone; validation chooses among draws, and scales.

    Args:
        config: What is asked, and how.
        train: What examples and the prior are taken from.
        validation: What is asked first, and a second time to see how far the model agrees with itself.
        setup: Where it is asked (``server``), the folder where answers are kept (``cache``), and the ``seed`` of the
            draws of examples and of the model's own.

    Raises:
        StanceError: See :meth:`stance.models.prompting.asking.Conversation.begin`.
    """
    model = new_model(config, setup.server, setup.cache, setup.seed)
    if train:
        counts = np.bincount([LABEL2ID[row.label] for row in train], minlength=len(LABELS))
        model.prior = (counts + 1) / (counts + 1).sum()
    draws = [_pool(config, train, setup.seed, draw) for draw in range(config.draws)]
    model.pool = draws[0]
    rows = questions_of(validation)
    model.talk.begin(rows[0], model.examples(rows[0]))
    if len(draws) > 1:
        model.pool = _best(model, draws, rows, [row.label for row in validation])
    if config.calibrate:
        said = model.judge(rows)
        read = [(one, row.label) for one, row in zip(said, validation, strict=True) if not one.problem]
        if not read:
            raise StanceError(f"{config.language_model}: no row of validation has an answer that can be read")
        logarithms = np.log([model.probabilities(one) for one, _ in read])
        model.scale = fit_scale(logarithms, [LABEL2ID[label] for _, label in read])
    if (again := setup.server.again) and rows:
        twice = rows[:: max(1, len(rows) // again)][:again]
        first, second = (model.talk.ask(twice, model.examples, turn) for turn in (0, 1))
        same = sum(one.label == other.label != "" for one, other in zip(first, second, strict=True))
        model.itself = {"rows": len(twice), "same": same}
        log.info("asked twice: the same label on %d of %d rows", model.itself["same"], len(twice))
    model.talk.tally.clear()
    model.talk.problems.clear()
    return model


def load(folder: Path, card: Card, runtime: str) -> PromptModel:
    """Read what :meth:`PromptModel.save` wrote; nobody is asked yet.

    Raises:
        StanceError: A file of another version, or one that was changed so that it no longer fits.
    """
    page = read_json(folder / FILE)
    if page["version"] != VERSION:
        raise input_error(str(folder / FILE), "another version", found=page["version"], allowed=str(VERSION))
    config, server = PromptConfig(**page["config"]), ServerConfig(**page["server"])
    prompt = Prompt(*(page["prompt"][name] for name in ("template", "codebook", "several")))
    asker = asker_of(config, server)
    asker.dialect = Dialect(**page["dialect"])
    talk = Conversation(config, prompt, asker, Answers(_kept(folder, page["answers"])), page["seed"])
    pool = tuple(JudgedQuestion(**one) for one in page["examples"])
    return PromptModel(config, server, talk, pool, np.array(page["prior"]), page["scale"], page["itself"])


def language_models(predictor: Predictor) -> list[PromptModel]:
    """The prompted language models within a model: itself, or those among its members."""
    return [leaf for leaf in leaves(predictor) if isinstance(leaf, PromptModel)]


def caveats(reader: str, corpus: str) -> list[str]:
    """Sentences on why a language model's score on a corpus may flatter it.

    Args:
        reader: Of the corpus, as ``data.reader`` has it.
        corpus: Its name.
    """
    if reader not in MADE_BY_A_MODEL:
        return [SEEN]
    made = f"{MADE_BY_A_MODEL[reader]} of the corpus {corpus} were made by a language model, and another one is asked"
    return [f"{made} to agree with its like: its score here is unrealistically high.", SEEN]


def new_model(config: PromptConfig, server: ServerConfig, cache: Path | None, seed: int = 0) -> PromptModel:
    """The model without examples, nothing known of train."""
    prompt = prompt_of(config)
    name = f"{as_name(Path(config.language_model).name)}-{digest([config.language_model, prompt.digest])[:12]}.jsonl"
    answers = Answers(None if cache is None else cache / "prompts" / name)
    return PromptModel(config, server, Conversation(config, prompt, asker_of(config, server), answers, seed))


def asker_of(config: PromptConfig, server: ServerConfig) -> ChatServer | LocalModel:
    """Who is asked: a server, or where there is none a model in this process."""
    if server.endpoint is None:
        return LocalModel(config.language_model)
    return ChatServer(server, config.language_model)


def _kept(folder: Path, relative: str | None) -> Path | None:
    """Where answers are kept: where the run kept them, if that is there; else within the checkpoint."""
    if relative is None:
        return None
    before = Path(os.path.normpath(folder.absolute() / relative))
    return before if before.parent.is_dir() else folder / "answers.jsonl"


def _judged(row: Example) -> JudgedQuestion:
    return JudgedQuestion(row.text, row.target, row.holder, row.context, row.label)


def _pool(config: PromptConfig, train: Sequence[Example], seed: int, draw: int) -> tuple[JudgedQuestion, ...]:
    """All of train for nearest; else as many rows of each label as can be, of unlike documents, in mixed order."""
    if not config.shots:
        return ()
    if len(train) < config.shots:
        raise input_error(
            "model.shots", "more than there are training rows", found=config.shots, allowed=f"{len(train)}"
        )
    if config.choose == "nearest":
        return tuple(_judged(row) for row in train)
    generator = random.Random(f"{seed}-{draw}")
    waiting = {label: [row for row in train if row.label == label] for label in LABELS}
    for rows in waiting.values():
        generator.shuffle(rows)
    chosen: list[Example] = []
    while len(chosen) < config.shots:
        for label in LABELS:
            rows = waiting[label]
            used = {row.document for row in chosen}
            if rows and len(chosen) < config.shots:
                other = next((row for row in rows if row.document not in used), rows[0])
                rows.remove(other)
                chosen.append(other)
    generator.shuffle(chosen)
    return tuple(_judged(row) for row in chosen)


def _best(
    model: PromptModel, draws: Sequence[tuple[JudgedQuestion, ...]], rows: Sequence[Question], gold: Sequence[str]
) -> tuple[JudgedQuestion, ...]:
    """The draw with the best macro-F1 on validation, rows without an answer being wrong; the first of equal ones."""
    from sklearn.metrics import f1_score

    scores = []
    for number, draw in enumerate(draws):
        trial = replace(model, pool=draw)
        said = trial.judge(rows)
        found = [one.label or _another(label) for one, label in zip(said, gold, strict=True)]
        scores.append(float(f1_score(gold, found, labels=list(LABELS), average="macro", zero_division=0)))
        log.info("examples, draw %d of %d: validation macro-F1 %.3f", number + 1, len(draws), scores[-1])
    return draws[int(np.argmax(scores))]


def _another(label: str) -> str:
    """A label that is not this one."""
    return next(each for each in LABELS if each != label)
