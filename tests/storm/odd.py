"""What the storm throws: damaged bytes and odd values; and the one thing that is asked of whoever meets them."""

from __future__ import annotations

import copy
import io
import json
import resource
import signal
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bounds import EXAMPLES, in_time
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from stance.base.errors import StanceError

#: Seconds of the processor that one input may take.
LONGEST = 10

#: Bytes that the process may grow by over all inputs of a test, which are of a few kilobytes each.
MOST_MEMORY = 300 * 2**20

#: Pieces of text that readers stumble over.
TOKENS = (
    b'"', b"'", b",", b";", b"\t", b"\r", b"\n", b"\r\n", b"\\",
    b"\x00", b"\xff", b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf",
    b"\x1a", b"\xc3", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"NaN", b"Infinity", b"1e999", b"-1", b"9" * 30, b"0.0",
    b"null", b"true", b"{}", b"[]",
    b"[" * 50, b"{" * 50, b"<", b">", b"&amp;", b"&x;", b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
    b"=1+1", b"#N/A", b"../..", b"|", b"[1]", b"_", b"*", b" ", "é😀".encode(),
    "e\u0301".encode(), "\u2028".encode(), b"sep=;\n",
)  # fmt: skip

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([10**30, -(10**9), 2**31, 2**63, 1e308, -0.5, 0.5]),
    st.just(float("nan")), st.just(float("inf")), st.text(max_size=8),
    st.sampled_from(["", " ", "..", "../../etc", "/etc/passwd", ".",
                     "favor", "\x00", "\ud800", "é", "=1+1", "null", "0", "id"]),
    st.builds(list), st.builds(dict), st.just([[]]), st.just([None]), st.just({"": {}}),
    st.just([1, "a"]), st.just({"a": 1}),
)  # fmt: skip


@st.composite
def damaged(draw: Callable[..., Any], whole: bytes) -> bytes:
    """The bytes with up to four pieces taken out, put in, doubled or replaced."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 1, 2, 5, 20, 200])))
        match draw(st.sampled_from(["put", "put", "replace", "double", "cut", "end", "byte"])):
            case "put":
                data[start:start] = draw(st.sampled_from(TOKENS))
            case "replace":
                data[start:end] = draw(st.sampled_from(TOKENS))
            case "double":
                data[end:end] = data[start:end]
            case "cut":
                del data[start:end]
            case "end":
                del data[start:]
            case "byte":
                data[start : start + 1] = draw(st.binary(min_size=1, max_size=1))
    return bytes(data)


@st.composite
def twisted(draw: Callable[..., Any], whole: Any) -> Any:
    """The value of JSON with up to three of its parts, or itself, left out or replaced by something odd."""
    value = {"": copy.deepcopy(whole)}
    for _ in range(draw(st.integers(0, 3))):
        node: Any = value
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = draw(st.sampled_from(keys))
            inner = node[key]
            if not (isinstance(inner, dict | list) and inner) or draw(st.integers(0, 4)) == 0:
                break
            node = inner
        if draw(st.integers(0, 3)) == 0 and node is not value:
            del node[key]
        else:
            node[key] = copy.deepcopy(draw(ODD))
    return value[""]


def as_bytes(value: Any) -> bytes:
    """As JSON; half a surrogate pair is escaped."""
    return json.dumps(value).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip of these."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


def unzipped(data: bytes) -> dict[str, bytes]:
    """The files of a zip."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@st.composite
def damaged_zip(draw: Callable[..., Any], whole: bytes) -> bytes:
    """One of its files damaged, or the zip itself."""
    if draw(st.integers(0, 4)) == 0:
        return draw(damaged(whole))
    members = unzipped(whole)
    name = draw(st.sampled_from(sorted(members)))
    members[name] = draw(damaged(members[name]))
    if draw(st.integers(0, 9)) == 0:
        del members[name]
    return zipped(members)


#: Inputs between two looks at the clock.
PIECE = 100


def fuzz(*inputs: st.SearchStrategy[Any], tests: int = 1) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """What a function that takes one of each input becomes: it is tried with EXAMPLES of them, in flat memory.

    Args:
        inputs: Of each argument of the function.
        tests: How many tests share the EXAMPLES, since they are of one thing.
    """
    number = -(-EXAMPLES // tests)

    def of(holds: Callable[..., None]) -> Callable[[], None]:
        def tried() -> None:
            with flat_memory():
                for piece in in_time(-(-number // PIECE), f"times {PIECE} inputs"):

                    @seed(piece)
                    @settings(max_examples=PIECE, deadline=None, database=None, suppress_health_check=list(HealthCheck))
                    @given(st.tuples(*inputs))
                    def each(drawn: tuple[Any, ...]) -> None:
                        holds(*drawn)

                    each()

        return tried

    return of


class TooLongError(BaseException):
    """No library swallows it."""


@contextmanager
def within(seconds: float = LONGEST) -> Iterator[None]:
    """Fails if the block takes longer of the processor, or ten times as long by the clock: the machine may be busy."""

    def stop(*_: object) -> None:
        raise TooLongError(f"more than {seconds} s")

    timers = ((signal.ITIMER_PROF, signal.SIGPROF, seconds), (signal.ITIMER_REAL, signal.SIGALRM, 10 * seconds))
    before = [signal.signal(sent, stop) for _, sent, _ in timers]
    for timer, _, after in timers:
        signal.setitimer(timer, after)
    try:
        yield
    finally:
        for (timer, sent, _), handler in zip(timers, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(sent, handler)


def refused_in_words(read: Callable[[], Any], *places: str) -> Any:
    """What ``read`` gives; None if it raises a StanceError that names one of the places. All else is a fault."""
    with within():
        try:
            return read()
        except StanceError as error:
            assert not places or any(place in str(error) for place in places), f"names no place: {error}"
            str(error).encode("utf-8", "surrogatepass")
            return None


def peak() -> int:
    """Bytes of memory that this process had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@contextmanager
def flat_memory(most: int = MOST_MEMORY) -> Iterator[None]:
    """Fails if the process grows by more in the block."""
    before = peak()
    yield
    assert peak() - before < most, f"grew by {(peak() - before) >> 20} MiB"
