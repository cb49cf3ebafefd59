"""A server that speaks the OpenAI chat protocol, asked with patience and within a budget."""

from __future__ import annotations

import logging
import os
import random
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from stance.base.errors import StanceError, first_line, input_error
from stance.base.extras import from_extras
from stance.models.prompting.answers import Reply
from stance.models.prompting.config import ServerConfig

log = logging.getLogger(__name__)

#: Seconds before the first further try, and the most before any; each waits twice as long as the one before.
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0

#: Of each token, so many alternatives are asked for: the most that the protocol allows.
ALTERNATIVES = 20

#: Address of this machine.
HERE = ("127.0.0.1", "localhost", "::1")

#: Fields of a :class:`Dialect` in the order in which they are given up: what a refusal calls each, its value then.
_REFUSED: tuple[tuple[str, str, Any], ...] = (
    ("schema", "response_format|json_schema|schema|grammar", False),
    ("logprobs", "logprob", False),
    ("tokens", "max_completion_tokens", "max_completion_tokens"),
    ("temperature", "temperature", False),
    ("seed", "seed", False),
)

_TOO_LONG = re.compile(r"context.{0,40}(length|window|size|limit)|maximum.{0,20}tokens|prompt is too long", re.I | re.S)


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which of the optional fields of the protocol a server takes for a model.

    Attributes:
        schema: ``response_format`` with a JSON schema.
        logprobs: ``logprobs`` with alternatives.
        seed: ``seed``.
        temperature: ``temperature``; without it the model's own.
        tokens: What the limit of the answer is called.
    """

    schema: bool = True
    logprobs: bool = True
    seed: bool = True
    temperature: bool = True
    tokens: str = "max_tokens"


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that a model is asked; its digest, with the model's name, is what an answer is kept under.

    Attributes:
        message: The whole prompt.
        schema: Of the answer.
        max_tokens: Of the answer.
        seed: Of the drawing.
        temperature: Of the drawing.
        turn: Which of several answers to the same message: a second pass differs in nothing else.
    """

    message: str
    schema: Mapping[str, Any]
    max_tokens: int
    seed: int = 0
    temperature: float = 0.0
    turn: int = 0


class Refused(Exception):
    """The server does not take a request (status 400 or 422); the text is what it says."""


@dataclass(slots=True)
class ChatServer:
    """A model on a server.

    Attributes:
        config: Where, and how patiently.
        model: By the name that the server knows it by.
        dialect: What the server takes.
        tries: Requests that were sent, further tries counted.
    """

    config: ServerConfig
    model: str
    dialect: Dialect = field(default_factory=Dialect)
    tries: int = 0
    _lock: Any = field(default_factory=threading.Lock, repr=False)
    _client: Any = field(default=None, repr=False)
    _answered: bool = False

    @property
    def identity(self) -> str:
        """What answers are kept under."""
        return self.model

    @property
    def width(self) -> int:
        """Requests at once."""
        return self.config.concurrency

    def negotiate(self, request: Request) -> Reply:
        """The answer to a first request. What the server refuses of the optional fields is left out, and said.

        Raises:
            StanceError: No server, no such model, a wrong key, or a refusal that has another reason.
        """
        host = urlsplit(self.config.endpoint or "").hostname
        if host not in HERE:
            log.warning("the texts are sent to %s", host)
        while True:
            try:
                return self._patiently(request)
            except Refused as refusal:
                smaller = _smaller(self.dialect, str(refusal))
                if smaller is None:
                    raise self._error("the server refuses the request", str(refusal)) from None
                log.info("%s: left out, since the server says: %s", _difference(self.dialect, smaller), refusal)
                self.dialect = smaller

    def ask(self, request: Request) -> Reply:
        """The answer, after as many tries as it takes.

        Raises:
            StanceError: Tries or the budget are used up, or the request is refused.
        """
        try:
            return self._patiently(request)
        except Refused as refusal:
            raise self._error("the server refuses the request", str(refusal)) from None

    def _patiently(self, request: Request) -> Reply:
        openai = client_library()
        passing = (openai.RateLimitError, openai.InternalServerError, openai.ConflictError, openai.APIConnectionError)
        wait = FIRST_WAIT
        for left in range(self.config.retries, -1, -1):
            self._count()
            try:
                reply = _reply(self._open().chat.completions.create(**self._body(request)))
                self._answered = True
                return reply
            except (*passing, ValueError) as error:
                if isinstance(error, StanceError):
                    raise
                found = self._hidden(error)
                if type(error.__cause__).__name__ == "ConnectError" and not self._answered:
                    raise self._error("no server answers there", found) from None
                if getattr(error, "code", None) == "insufficient_quota":
                    raise self._error("nothing is left to spend there", found) from None
                if not left:
                    raise self._error(f"no answer in {self.config.retries + 1} tries", found) from None
                pause = max(wait * random.uniform(0.75, 1.25), _retry_after(error))
                log.info("%s; once more in %.0f s", found, pause)
                time.sleep(min(pause, LONGEST_WAIT))
                wait = min(2 * wait, LONGEST_WAIT)
            except openai.APIStatusError as error:
                raise self._told(error) from None
        raise AssertionError("unreachable")

    def _told(self, error: Any) -> Exception:  # noqa: ANN401 - openai.APIStatusError
        """What an error that further tries would not mend means."""
        said = self._hidden(error)
        if error.status_code in (401, 403):
            variable = self.config.key
            held = "which is not set" if not os.environ.get(variable) else "which is set"
            return input_error(
                "prompt.key",
                f"the server does not let us in (status {error.status_code}): the key is taken from {variable}, {held}",
                allowed="another key in that variable, or prompt.key=NAME_OF_ANOTHER_VARIABLE",
            )
        bare = said.replace(self.model, "")  # which may have the name of a field in it
        of_a_field = any(re.search(pattern, bare, re.I) for _, pattern, _ in _REFUSED)
        no_model = not of_a_field and re.search(r"model.{0,80}(not|unknown)", said, re.I)
        if error.status_code == 404 or (error.status_code == 400 and no_model):
            return self._no_model(said)
        if error.status_code in (400, 413, 422):
            if _TOO_LONG.search(said) or error.status_code == 413:
                allowed = "fewer model.shots, model.codebook=definitions, or a model with a larger context"
                return input_error(self.model, f"the prompt is longer than its context: {said}", allowed=allowed)
            return Refused(said)
        return self._error(f"status {error.status_code}", said)

    def _no_model(self, said: str) -> StanceError:
        try:
            names = [model.id for model in self._open().models.list().data]
        except Exception:  # the list is a courtesy: a server may have none
            names = []
        if self.model in names or not names:
            return self._error("it has no such address or model (an endpoint ends in /v1, mostly)", said)
        shown = [*names[:10], *(["..."] if len(names) > 10 else [])]
        return input_error("model.language_model", "the server does not have it", found=self.model, allowed=shown)

    def _error(self, problem: str, found: str) -> StanceError:
        return StanceError(f"prompt.endpoint {self.config.endpoint}: {problem}: {found}")

    def _hidden(self, error: BaseException) -> str:
        """What an error says, on one line, without the key that a server might repeat."""
        said = first_line(error)
        key = os.environ.get(self.config.key, "")
        return (said.replace(key, "***") if key else said)[:300]

    def _count(self) -> None:
        with self._lock:
            most = self.config.max_requests
            if most is not None and self.tries >= most:
                allowed = "more of them; what was answered is kept, and the same command goes on from there"
                raise input_error("prompt.max_requests", "the budget is spent", found=most, allowed=allowed)
            self.tries += 1

    def _open(self) -> Any:  # noqa: ANN401 - openai.OpenAI
        with self._lock:
            if self._client is None:
                openai = client_library()
                host = urlsplit(self.config.endpoint or "").hostname
                self._client = openai.OpenAI(
                    base_url=self.config.endpoint,
                    api_key=os.environ.get(self.config.key) or "none",
                    timeout=self.config.timeout,
                    max_retries=0,
                    http_client=openai.DefaultHttpx2Client(trust_env=host not in HERE),  # no proxy to this machine
                )
            return self._client

    def _body(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self.model, "messages": [{"role": "user", "content": request.message}]}
        body[self.dialect.tokens] = request.max_tokens
        if self.dialect.temperature:
            body["temperature"] = request.temperature
        if self.dialect.seed:
            body["seed"] = request.seed
        if self.dialect.logprobs:
            body |= {"logprobs": True, "top_logprobs": ALTERNATIVES}
        if self.dialect.schema:
            named = {"name": "stance", "strict": True, "schema": dict(request.schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        return body


def client_library() -> Any:  # noqa: ANN401 - a module that may be absent
    """The ``openai`` package.

    Raises:
        StanceError: It is not installed.
    """
    with from_extras():
        import openai
    return openai


def _reply(completion: Any) -> Reply:  # noqa: ANN401 - openai.types.chat.ChatCompletion, or what came instead
    """An answer as plain values.

    Raises:
        ValueError: What came is no chat completion.
    """
    choices = getattr(completion, "choices", None)
    if not choices or getattr(choices[0], "message", None) is None:
        raise ValueError(f"no chat completion came: {str(completion)[:80]!r}")
    choice, usage = choices[0], getattr(completion, "usage", None)
    content = getattr(getattr(choice, "logprobs", None), "content", None) or ()
    tokens = tuple(
        (t.token, {o.token: float(o.logprob) for o in t.top_logprobs or () if o.logprob is not None}) for t in content
    )
    return Reply(
        text=_text(choice.message.content),
        finish=choice.finish_reason or "stop",
        refusal=getattr(choice.message, "refusal", None) or "",
        tokens=tokens,
        read=int(getattr(usage, "prompt_tokens", 0) or 0),
        written=int(getattr(usage, "completion_tokens", 0) or 0),
    )


def _text(content: Any) -> str:  # noqa: ANN401 - text, or as some servers have it a list of parts
    """What was written, without parts of another type: some servers give what a model thought as one."""
    parts = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
    return "".join(part["text"] for part in parts if part.get("type") == "text")


def _smaller(dialect: Dialect, said: str) -> Dialect | None:
    """The dialect without the field that a refusal names; without the next one if it names none; None at the end."""
    changed = [(pattern, replace(dialect, **{name: value})) for name, pattern, value in _REFUSED]
    steps = [(pattern, smaller) for pattern, smaller in changed if smaller != dialect]
    for pattern, smaller in steps:
        if re.search(pattern, said, re.I):
            return smaller
    return next((smaller for _, smaller in steps if smaller.tokens == dialect.tokens), None)


def _difference(before: Dialect, after: Dialect) -> str:
    old, new = asdict(before), asdict(after)
    return ", ".join(name for name in old if old[name] != new[name])


def _retry_after(error: BaseException) -> float:
    """The seconds that a server asks to wait, 0 if it does not say."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    try:
        return float(headers.get("retry-after", 0))
    except ValueError:
        return FIRST_WAIT
