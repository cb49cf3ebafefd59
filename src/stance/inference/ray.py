"""A function on the workers of a Ray cluster; its results come in the order of what it was asked."""

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from stance.base.errors import input_error
from stance.base.extras import from_extras
from stance.inference.config import RayConfig

A = TypeVar("A")
B = TypeVar("B")

log = logging.getLogger(__name__)

#: Items that each worker is given beforehand: it has the next one when it is done with one.
AHEAD = 2


def in_order(make: Callable[[], Callable[[A], B]], items: Iterable[A], config: RayConfig) -> Iterator[B]:
    """The function of each item, in order; so many items are read ahead that every worker has work.

    A worker that dies is started again, three times at most, and asked again.

    Args:
        make: Called once in each worker, gives the function.
        items: They travel to the workers, and the results back.
        config: Which cluster, and how many workers.

    Raises:
        StanceError: Ray is not installed, or has not room for so many workers.
        ConnectionError: The cluster is not to be reached, or a worker failed.
    """
    ray, own = _connected(config.address)
    waiting: deque[Any] = deque()
    try:
        workers = _workers(ray, make, config.workers)
        for number, item in enumerate(items):
            waiting.append(workers[number % len(workers)].do.remote(item))
            if len(waiting) == AHEAD * len(workers):
                yield ray.get(waiting.popleft())
        while waiting:
            yield ray.get(waiting.popleft())
    except ray.exceptions.RayError as error:
        raise ConnectionError(f"a Ray worker failed: {str(error).strip().splitlines()[-1]}") from None
    finally:
        if own:
            ray.shutdown()


class _Worker:
    """Holds the function."""

    def __init__(self, make: Callable[[], Callable[[Any], Any]]) -> None:
        self.function = make()

    def do(self, item: Any) -> Any:  # noqa: ANN401 - what the function takes and gives
        """The function of the item."""
        return self.function(item)


def _connected(address: str | None) -> tuple[Any, bool]:
    """Ray, and whether it was connected here: to a cluster, or to one of this machine alone that ends with us."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # the new behaviour; without it it warns
    with from_extras():
        import ray
    if ray.is_initialized():
        return ray, False
    own = {"include_dashboard": False} if address is None else {}
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **own)
    except Exception as error:  # a node that does not start in time is an error of no other class
        raise ConnectionError(f"no Ray at {address or 'this machine'}: {error}") from None
    return ray, True


def _workers(ray: Any, make: Callable[[], Any], number: int | None) -> list[Any]:  # noqa: ANN401 - module and actors
    """One to a GPU, or where there is none to a processor core."""
    kind = "GPU" if ray.cluster_resources().get("GPU") else "CPU"
    room = int(ray.cluster_resources().get(kind, 0))
    if not 1 <= (number or room) <= room:
        raise input_error("ray.workers", f"one to a {kind}", found=number, allowed=f"1 to {room}")
    log.info("asking %d Ray workers, one to a %s", number or room, kind)
    need = {"num_gpus": 1} if kind == "GPU" else {"num_cpus": 1}
    actor = ray.remote(_Worker).options(max_restarts=3, max_task_retries=3, **need)
    return [actor.remote(make) for _ in range(number or room)]
