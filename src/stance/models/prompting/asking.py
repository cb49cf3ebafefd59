"""Sends many rows to a language model at once; reuses answers on disk, and gives no row without an answer a label."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from stance.base.errors import input_error
from stance.base.files import digest
from stance.base.questions import Question
from stance.models.config import PromptConfig
from stance.models.prompting.answers import Reply, Said, from_samples, read_reply
from stance.models.prompting.cache import Answers, key_of
from stance.models.prompting.client import ChatServer, Dialect, Request
from stance.models.prompting.local import LocalModel
from stance.models.prompting.template import JudgedQuestion, Prompt, schema

log = logging.getLogger(__name__)

#: Letters to a token from which on the server must have cut the prompt off, in any language.
CUT_OFF = 9

#: Requests from which on a bar shows how far it is.
BAR = 20


@dataclass(slots=True)
class Conversation:
    """A model and what it was told so far.

    Attributes:
        config: What is asked, and how.
        prompt: What all questions have in common.
        asker: Who answers.
        answers: What is kept.
        seed: Of the model's drawing.
        used: Every reply that was taken, by key: what tokens and costs are counted from.
        problems: Questions without an answer that can be read, with the raw replies.
        tally: Questions, and those without an answer by problem.
    """

    config: PromptConfig
    prompt: Prompt
    asker: ChatServer | LocalModel
    answers: Answers
    seed: int = 0
    used: dict[str, Reply] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)

    @property
    def by(self) -> str:
        """Where probabilities come from: logprobs or samples."""
        return "logprobs" if self.asker.dialect.logprobs else "samples"

    def begin(self, first: Question, examples: Sequence[JudgedQuestion]) -> None:
        """Find out what the server takes, with a question that is to be asked anyway; what is known is not asked.

        Raises:
            StanceError: No answer, or the server lacks what the configuration insists on.
        """
        wanted = Dialect(schema=self.config.structured != "none", logprobs=self.config.probabilities != "samples")
        self.asker.dialect = wanted
        place = self.asker.config.endpoint if isinstance(self.asker, ChatServer) else "here"
        known = digest(["dialect", place, self.asker.identity, asdict(wanted)])
        with self.answers.at_work():
            if (kept := self.answers.get(known)) is not None:
                self.asker.dialect = Dialect(**json.loads(kept.text))
            else:
                self._negotiate([first], examples, known)
        self._insist()

    def _negotiate(self, first: Sequence[Question], examples: Sequence[JudgedQuestion], known: str) -> None:
        request = self._request(first, examples, 0, 0)
        reply = self.asker.negotiate(request)
        if not any(likeliest for _, likeliest in reply.tokens):
            self.asker.dialect = replace(self.asker.dialect, logprobs=False)
        if reply.read and len(request.message) / reply.read > CUT_OFF:
            log.warning(
                "the server read %d tokens of a prompt of %d letters: it seems to cut prompts off; give it a larger "
                "context, or take model.codebook=definitions",
                reply.read,
                len(request.message),
            )
        key = key_of(self.asker.identity, self.asker.dialect, request)
        if (kept := self.answers.get(key)) is not None and kept.text != reply.text:
            log.warning(
                "%s answers otherwise here than where it was asked before: %s has answers of another model of that "
                "name, or of one that draws; to send all again, delete the file",
                self.config.language_model,
                self.answers.path,
            )
        self.answers.put(key, reply)
        self.answers.put(known, Reply(json.dumps(asdict(self.asker.dialect))))

    def _insist(self) -> None:
        name = self.config.language_model
        if self.config.structured == "schema" and not self.asker.dialect.schema:
            raise input_error("model.structured", "the server takes no schema", found="schema", allowed="auto, none")
        if self.config.probabilities == "logprobs" and self.by != "logprobs":
            allowed = "auto, samples"
            raise input_error("model.probabilities", f"none are given for {name}", found="logprobs", allowed=allowed)
        form = "by a JSON schema" if self.asker.dialect.schema else "in words, and read strictly"
        ways = {"logprobs": "token log-probabilities", "samples": f"{self.config.samples} samples"}
        log.info("%s: probabilities from %s; the form of answers is told %s", name, ways[self.by], form)

    def ask(
        self,
        rows: Sequence[Question],
        examples: Callable[[Question], Sequence[JudgedQuestion]],
        turn: int = 0,
    ) -> list[Said]:
        """The answer to each row, in their order; a row that occurs twice is asked once.

        Args:
            rows: The questions.
            examples: The judged rows that are shown before one.
            turn: 1 for a second pass, which is asked anew.

        Raises:
            StanceError: The server, or the budget; what was answered is kept.
        """
        groups = _grouped(rows, self.config.questions)
        drawn = range(1 if self.by == "logprobs" or turn else self.config.samples)
        requests = [[self._request(group, examples(group[0]), sample, turn) for sample in drawn] for group in groups]
        replies = self._replies([request for several in requests for request in several])
        said: dict[Question, Said] = {}
        for number, group in enumerate(groups):
            own = replies[number * len(drawn) : (number + 1) * len(drawn)]
            said |= dict(zip(group, self._settled(group, own), strict=True))
        found = [said[row] for row in rows]
        self.tally.update({"rows": len(rows)})
        self.tally.update(one.problem for one in found if one.problem)
        if bare := sum(one.probabilities is None and not one.problem for one in found):
            self.tally["without_logprobs"] += bare
        return found

    def _settled(self, group: Sequence[Question], replies: Sequence[Reply]) -> list[Said]:
        """What the samples of one request say together of each of its questions."""
        names = list(schema(len(group), self.prompt.several)["properties"])
        by_sample = [read_reply(reply, names) for reply in replies]
        settled = []
        for number, question in enumerate(group):
            each = [sample[number] for sample in by_sample]
            labels = [one.label for one in each if one.label]
            if not labels:
                raw = [{"text": r.text, "refusal": r.refusal, "finish": r.finish} for r in replies]
                self.problems.append({**asdict(question), "problem": each[0].problem, "replies": raw})
            if labels and self.by == "samples":
                settled.append(Said(labels[0], from_samples(labels)))
            else:
                settled.append(each[0])
        return settled

    def _request(
        self, group: Sequence[Question], examples: Sequence[JudgedQuestion], sample: int, turn: int
    ) -> Request:
        return Request(
            message=self.prompt.message(group, examples),
            schema=schema(len(group), self.prompt.several),
            max_tokens=self.config.max_tokens + 8 * (len(group) - 1),
            seed=self.seed + sample,
            temperature=self.config.temperature if sample else 0.0,
            turn=turn,
        )

    def _replies(self, requests: Sequence[Request]) -> list[Reply]:
        """The reply to each; those that are not kept are asked, several at once."""
        model, dialect = self.config.language_model, self.asker.dialect
        identity = self.asker.identity
        keys = [key_of(identity, dialect, request) for request in requests]
        with self.answers.at_work():
            missing = {k: r for k, r in zip(keys, requests, strict=True) if self.answers.get(k) is None}
            if missing:
                log.info("%s: %d requests to send, %d kept", model, len(missing), len(set(keys)) - len(missing))
                self._send(missing)
            found = [self.answers.get(key) for key in keys]
        replies = [reply for reply in found if reply is not None]
        self.used |= dict(zip(keys, replies, strict=True))
        return replies

    def _send(self, missing: dict[str, Request]) -> None:
        from tqdm import tqdm

        with ThreadPoolExecutor(self.asker.width) as pool:
            waiting = {pool.submit(self.asker.ask, request): key for key, request in missing.items()}
            try:
                for done in tqdm(as_completed(waiting), total=len(waiting), disable=len(waiting) < BAR or None):
                    self.answers.put(waiting[done], done.result())
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                for done, key in waiting.items():  # what came meanwhile was paid for
                    if done.done() and not done.cancelled() and done.exception() is None:
                        self.answers.put(key, done.result())
                raise

    def account(self, price: Sequence[float]) -> dict[str, Any]:
        """What all replies taken so far are: requests, tokens read and written, and what they cost at these prices."""
        read, written = (sum(getattr(r, name) for r in self.used.values()) for name in ("read", "written"))
        found: dict[str, Any] = {"requests": len(self.used), "sent": self.asker.tries, "read": read, "written": written}
        if price:
            found["cost"] = round((read * price[0] + written * price[1]) / 1e6, 6)
        return found


def _grouped(rows: Sequence[Question], most: int) -> list[list[Question]]:
    """Distinct questions, those of one text and context together, at most so many, in the order of the first."""
    by_text: dict[tuple[str, str], list[Question]] = {}
    for row in dict.fromkeys(rows):
        by_text.setdefault((row.text, row.context), []).append(row)
    return [same[start : start + most] for same in by_text.values() for start in range(0, len(same), most)]
