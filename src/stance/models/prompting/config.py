"""The configuration of the server of a prompted language model: address, key, retries, budget."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from stance.base.checks import at_least, positive
from stance.base.errors import input_error


@dataclass(kw_only=True)
class ServerConfig:
    """Where a language model is asked, and how much; nothing here changes what it is asked.

    Attributes:
        endpoint: Of a server that speaks the OpenAI chat protocol, e.g. http://127.0.0.1:8000/v1; null = no server: a
            causal model of transformers in this process.
        key: Name of the environment variable that holds the key; one that is not set is none.
        concurrency: Requests at once.
        timeout: Seconds that one may take.
        retries: Further tries after a rate limit, an error of the server or a broken connection.
        max_requests: Budget of this command, tries counted; null = no limit. Kept answers cost nothing.
        price: Of a million tokens read and of a million written; empty = costs are not counted.
        again: Rows of validation that are asked a second time, to see how far the model agrees with itself.
    """

    endpoint: str | None = None
    key: str = "OPENAI_API_KEY"
    concurrency: int = 4
    timeout: float = 120.0
    retries: int = 6
    max_requests: int | None = None
    price: list[float] = field(default_factory=list)
    again: int = 100

    def __post_init__(self) -> None:
        """Refuse a key in place of its name, without showing it; a password in the address; and numbers too small."""
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self.key):
            raise input_error("prompt.key", "no name of an environment variable", allowed="the name, never the key")
        address = urlsplit(self.endpoint or "http://none")
        if address.scheme not in ("http", "https") or not address.hostname:
            allowed = "an address such as http://127.0.0.1:8000/v1"
            raise input_error("prompt.endpoint", "no address", found=self.endpoint, allowed=allowed)
        if address.username or address.password or address.query:
            raise input_error("prompt.endpoint", "it holds a name or a key", allowed="prompt.key=NAME_OF_A_VARIABLE")
        for name, least in {"concurrency": 1, "retries": 0, "again": 0}.items():
            at_least(f"prompt.{name}", getattr(self, name), least)
        if self.max_requests is not None:
            at_least("prompt.max_requests", self.max_requests, 1)
        positive("prompt.timeout", self.timeout)
        if self.price and (len(self.price) != 2 or not all(0 <= price < math.inf for price in self.price)):
            raise input_error(
                "prompt.price", "not two prices", found=self.price, allowed="[read, written], of a million"
            )
