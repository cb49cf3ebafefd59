"""A causal language model of transformers in this process: the probabilities of the three labels, read off directly."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from stance.base.errors import StanceError, first_line, input_error
from stance.base.files import digest, quick_digest
from stance.base.labels import LABELS
from stance.models.prompting.answers import Reply
from stance.models.prompting.client import Dialect, Request

#: A beginning that two prompts have in common is kept computed from so many tokens on.
WORTH_KEEPING = 32


@dataclass(slots=True)
class LocalModel:
    """A causal model that is asked one question at a time; its answer is begun for it, up to the label.

    Attributes:
        name: A folder, a ``.gguf`` file, or a hub id.
        dialect: Only says that it gives probabilities.
        tries: Questions that were asked.
    """

    name: str
    dialect: Dialect = field(default_factory=Dialect)
    tries: int = 0
    _loaded: tuple[Any, Any] | None = field(default=None, repr=False)
    _before: list[int] = field(default_factory=list, repr=False)
    _kept: tuple[list[int], Any] = field(default_factory=lambda: ([], None), repr=False)

    @property
    def identity(self) -> str:
        """What answers are kept under: the name, and of files what is in them, which may become others."""
        files = digest_of_files(self.name)
        return self.name if files is None else f"{self.name} {files}"

    @property
    def width(self) -> int:
        """One question at once."""
        return 1

    def negotiate(self, request: Request) -> Reply:
        """The same as :meth:`ask`."""
        return self.ask(request)

    def ask(self, request: Request) -> Reply:
        """The likeliest label, with the log-probabilities of all three at its place.

        Raises:
            StanceError: The model does not load, or the prompt is longer than its context.
        """
        tokenizer, model = self._load()
        (name,) = request.schema["properties"]
        begun = f'{{"{name}": "'
        start = _chat(tokenizer, request.message) + begun
        plain = not getattr(tokenizer, "chat_template", None)  # else the template has the first token
        ways = [tokenizer(start + label, add_special_tokens=plain)["input_ids"] for label in LABELS]
        ids = ways[0][: _common(ways)]
        most = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        if most is not None and len(ids) + 1 > most:
            problem = f"the prompt of {len(ids)} tokens is longer than its context"
            allowed = f"{most} tokens: fewer model.shots, model.codebook=definitions, or another model"
            raise input_error(self.name, problem, allowed=allowed)
        logarithms = self._next(ids)
        said: dict[str, float] = {
            label: float(logarithms[way[len(ids)]]) for label, way in zip(LABELS, ways, strict=True)
        }
        best = max(said, key=lambda label: said[label])
        self.tries += 1
        text = json.dumps({name: best})
        tokens: tuple[tuple[str, dict[str, float]], ...] = ((begun, {}), (best, said), ('"}', {}))
        return Reply(text, tokens=tokens, read=len(ids), written=1)

    def _next(self, ids: list[int]) -> Any:  # noqa: ANN401 - a tensor
        """Log-probability of each token after these, shape (vocabulary,)."""
        import torch

        _, model = self._load()
        shared = _common([ids[:-1], self._before])
        self._before = ids
        with torch.inference_mode():
            kept, cache = self._kept
            if (not kept or ids[: len(kept)] != kept) and shared >= WORTH_KEEPING:
                kept = ids[:shared]
                cache = model(torch.tensor([kept], device=model.device), use_cache=True).past_key_values
                self._kept = kept, cache
            if kept and ids[: len(kept)] == kept and len(ids) > len(kept):
                rest = torch.tensor([ids[len(kept) :]], device=model.device)
                logits = model(rest, past_key_values=copy.deepcopy(cache), use_cache=True, logits_to_keep=1).logits
            else:
                logits = model(torch.tensor([ids], device=model.device), use_cache=False, logits_to_keep=1).logits
            return logits[0, -1].float().log_softmax(dim=-1)

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer

            path = Path(self.name)
            where: dict[str, Any] = {"pretrained_model_name_or_path": self.name}
            if path.suffix == ".gguf":
                where = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
            device = "cuda" if torch.cuda.is_available() else "cpu"
            dtype = torch.bfloat16 if device == "cuda" else torch.float32
            try:
                tokenizer = AutoTokenizer.from_pretrained(**where)
                model = AutoModelForCausalLM.from_pretrained(**where, dtype=dtype).to(device).eval()
            except (OSError, ValueError, KeyError, ImportError) as error:
                reason = f"no causal language model that transformers loads: {first_line(error)}"
                allowed = "a folder, a .gguf file, a hub id, or prompt.endpoint=URL for a model on a server"
                raise input_error("model.language_model", reason, found=self.name, allowed=allowed) from None
            self._loaded = tokenizer, model
        return self._loaded


def digest_of_files(name: str) -> str | None:
    """Of a ``.gguf`` file, or of the weights, settings and vocabulary in a folder; None of a name of the hub."""
    path = Path(name)
    files = [path] if path.is_file() else sorted(each for each in path.glob("*") if each.is_file())
    return digest([[each.name, quick_digest(each)] for each in files]) if files else None


def _chat(tokenizer: Any, message: str) -> str:  # noqa: ANN401 - a tokenizer of transformers
    """The message as the model is used to it, up to where its answer begins; as it is for one without such a form."""
    if not getattr(tokenizer, "chat_template", None):
        return f"{message}\nAnswer: "
    turns = [{"role": "user", "content": message}]
    try:
        form = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}
        return str(tokenizer.apply_chat_template(turns, **form))
    except Exception as error:  # templates are programs and raise what they like
        raise StanceError(f"the model's chat template fails: {first_line(error)}") from None


def _common(ways: Sequence[Sequence[int]]) -> int:
    """How many tokens all have in common at their beginning."""
    return sum(1 for _ in takewhile(lambda tokens: len({*tokens}) == 1, zip(*ways, strict=False)))
