"""What a command prints: to somebody who may have gone, and in the words of the command that was typed."""

import io
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def may_end_early() -> Iterator[None]:
    """The program ends, exit code 1 and no word, when nobody reads its output any more, as with ``| head``.

    What the output's encoding lacks is written as an escape: Windows gives a file another encoding than the screen.

    Source: Python's documentation of SIGPIPE. A pipe to another process that broke is raised as it is.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        try:
            print(flush=True)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is lost without a message
            sys.exit(1)
        raise


class Log(logging.StreamHandler[TextIO]):
    """The log on the output, which ends the program where it has no reader, instead of a traceback for each line."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Raise the error of a broken pipe; others are told as ever."""
        if isinstance(sys.exc_info()[1], BrokenPipeError):
            raise
        super().handleError(record)


def told(message: object) -> str:
    """A message, or that of an error, with commands as they were typed: after ``stance NAME`` none names a script."""
    command = re.compile(r"(?:python )?scripts/(\w+)\.py")
    by_name = command.sub(lambda found: f"stance {found[1].replace('_', '-')}", str(message))
    return by_name if sys.argv[0].startswith("stance ") else str(message)
