"""Training in several processes that ``torchrun`` started: the first leads, the others fine-tune along with it.

Everything else (datasets, run folders, predictions, measures, messages) is the first one's alone, so that it is written
once. Each process answers to the environment that ``torchrun`` gives it; without it there is one, which leads.
"""

import atexit
import gc
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any

#: How long the others wait for the first: it may be building a dataset, or scoring a large test part.
PATIENCE = timedelta(days=30)


def number() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def leads() -> bool:
    """Whether this is the first process, or the only one."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def leading() -> Iterator[None]:
    """What the first process does in the block may :func:`invite`; at its end the others may go.

    After an error they are not told: ``torchrun`` ends all processes when one fails.
    """
    if number() > 1:
        _group()
    yield
    _tell(None)


def follow(do: Callable[..., object]) -> None:
    """In each of the other processes: call the function with what the first one invites to, until it is done."""
    logging.getLogger("stance").setLevel(logging.WARNING)
    while (invited := _tell(None)) is not None:
        arguments, named = invited
        do(*arguments, **named)


def invite(*arguments: Any, **named: Any) -> None:  # noqa: ANN401 - those of the function that is followed
    """In the first process: the others call their function with these arguments. Does nothing in the others."""
    if leads():
        _tell((arguments, named))


def wait_for_all() -> None:
    """Go on when every process is here."""
    if number() > 1:
        import torch

        torch.distributed.barrier(_group())


def _tell(message: Any) -> Any:  # noqa: ANN401 - what invite was given
    """The message of the first process, in each; alone it is told to nobody."""
    if number() == 1:
        return message
    import torch

    said = [message]
    torch.distributed.broadcast_object_list(said, src=0, group=_group(), device=torch.device("cpu"))
    return said[0]


@cache
def _group() -> Any:  # noqa: ANN401 - torch.distributed.ProcessGroup
    """All processes, for messages over gloo; gradients go over nccl where there are GPUs."""
    import torch
    import torch.distributed.nn  # first: its functions keep the group that is there when they are imported

    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
        atexit.register(_disband)
    return torch.distributed.new_group(backend="gloo", timeout=PATIENCE)


def _disband() -> None:
    """Take the groups down while Python still runs, and with them their threads; after an error too.

    A thread of gloo gives up a message's tensors, which are Python's, only after the message has come. One that is so
    late, as on a busy machine, that it finds Python being finalised aborts the process. Only a group that nothing holds
    any more waits for its threads: neither what is kept here may hold it, nor a training in a cycle with its error.
    """
    import torch

    gc.collect()
    _group.cache_clear()
    torch.distributed.destroy_process_group()
