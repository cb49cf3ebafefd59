"""How text, holder and target become the two sequences that a fine-tuned encoder reads."""

from dataclasses import asdict, dataclass
from string import Formatter

from stance.base.errors import input_error
from stance.base.mentions import marked
from stance.base.questions import Question
from stance.base.words import composed, last_words

_FIELDS = ("text", "target", "holder")


@dataclass
class InputFormat:
    """How a row becomes the pair of sequences that a cross-encoder reads; a part of the encoder's configuration.

    Attributes:
        first: Template of the first sequence, from ``{text}``, ``{target}``, ``{holder}``.
        second: Template of the second sequence, without ``{text}``: of a long row the first is cut.
        author: What stands for an empty holder (the author or speaker of the text).
        context_words: How many words of the context, the last ones, are put before the text; 0 = none.
        mark: What is put before and after each mention of the holder in the text
            (:func:`stance.base.mentions.marked`), and taken out of what stands there; empty = nothing.
        max_length: Tokens of the pair together. Context gives way first, then the text is cut; holder and target are
            cut only where they fill more than half of it.
    """

    first: str = "{text}"
    second: str = "{holder}: {target}"
    author: str = "the author"
    context_words: int = 0
    max_length: int = 128
    mark: str = ""

    def __post_init__(self) -> None:
        used: dict[str, set[str | None]] = {"first": set(), "second": set()}
        for name in used:
            try:
                fields = [field for _, field, _, _ in Formatter().parse(getattr(self, name))]
            except ValueError as error:
                raise input_error(f"template {name!r}", str(error), found=getattr(self, name)) from None
            for field in fields:
                if field is not None and field not in _FIELDS:
                    allowed = ", ".join(f"{{{allowed}}}" for allowed in _FIELDS)
                    raise input_error(f"template {name!r}", "unknown field", found=f"{{{field}}}", allowed=allowed)
                used[name].add(field)
        for field in ("text", "target"):
            if field not in used["first"] | used["second"]:
                raise input_error("templates", f"neither has {{{field}}}", found=[self.first, self.second])
        if "text" in used["second"]:
            allowed = "{text} in 'first' alone, which is what is cut of a long row"
            raise input_error("template 'second'", "has {text}", found=self.second, allowed=allowed)
        if any(character.isalnum() or character.isspace() for character in self.mark):
            raise input_error(
                "mark", "a text may have it", found=self.mark, allowed="no letter, digit or space, e.g. ¤"
            )
        if self.max_length < 8 or self.context_words < 0:
            found = asdict(self)
            raise input_error("input format", "lengths", found=found, allowed="max_length >= 8, context_words >= 0")

    def pair(self, question: Question) -> tuple[str, str]:
        """The two sequences of a question, composed (NFC): what pipelines take as ``text`` and ``text_pair``."""
        text, target = composed(question.text), composed(question.target)
        holder, context = composed(question.holder), composed(question.context)
        if self.mark:
            text, context = marked(text, holder, self.mark), context.replace(self.mark, " ")
        before = last_words(context, self.context_words) if self.context_words else ""
        values = {"text": f"{before} {text}" if before else text, "target": target, "holder": holder or self.author}
        return self.first.format(**values), self.second.format(**values)
