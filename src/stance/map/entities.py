"""Named entities of a spaCy pipeline, as candidates for actors; the extra ``spacy`` and a pipeline bring it."""

from collections.abc import Callable, Iterator

from stance.base.errors import first_line, input_error
from stance.base.extras import from_extras

#: Kinds of entities that can act, as pipelines of OntoNotes and of WikiNER call them.
KINDS = ("PERSON", "PER", "ORG", "NORP", "GPE")


def entities_of(pipeline: str) -> Callable[[str], Iterator[str]]:
    """A function that finds persons, organizations, groups and states in a text, each as often as it is named.

    Args:
        pipeline: Its name (``en_core_web_sm``, which is installed as a package) or folder.

    Raises:
        StanceError: spaCy or the pipeline is not there, or it marks no entities.
    """
    with from_extras():
        import spacy
    try:
        read = spacy.load(pipeline)
    except (OSError, ValueError) as error:
        allowed = "a pipeline's folder, or the name of one that is installed (python -m spacy download en_core_web_sm)"
        problem = f"no pipeline of spaCy: {first_line(error)}"
        raise input_error("entities", problem, found=pipeline, allowed=allowed) from None
    if not {"ner", "entity_ruler"} & set(read.pipe_names):
        raise input_error("entities", "the pipeline marks no entities", found=read.pipe_names, allowed="one with ner")
    read.max_length = 10**9  # largest= has set aside what is too long

    def names(text: str) -> Iterator[str]:
        for found in read(text).ents:
            if found.label_ in KINDS:
                yield " ".join(found.text.split())

    return names
