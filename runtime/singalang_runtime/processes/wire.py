"""What the coordinator and the other processes say to one another, and how it is written on a stream. Knows no state machine.

A message is its length (4 bytes, little endian), then msgpack: the name of its type and its fields. `Tensors` is followed by the
bytes of its arrays, one after another.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from struct import Struct
from typing import Any, TypeAlias

import msgspec

from singalang_grammar.diagnostics import Diagnostic
from singalang_runtime.feed.fingerprint import Fingerprint
from singalang_runtime.protocol import events
from singalang_runtime.protocol.schedule import Schedule

_LENGTH = Struct("<I")


@dataclass(frozen=True, slots=True)
class Assignment:
    """To a process, first of all: which process it is, and of which job. Paths are absolute.

    `section` is the number of the train section, with which the process ends; `schedules` are those of all sections. `plan`: the
    run's copy of the plan. `data`: the folder that relative paths of the plan are found in. `cache`: folder of compiled kernels.
    `checkpoint`: folder of the checkpoint to go on from, at `step`, or None. `start`: folder of a checkpoint with whose tensors
    `start_keys` the section starts, or None. `known`: a file of the tensors that earlier sections learned, or None.
    `lanes`, `parameters`, `status`: descriptors of the blocks of memory that all processes of the group share; `bells`: a
    descriptor for each process of the section, in the order of `processes`. `spins`: whether to spin while waiting (each process
    has a core of its own).
    """

    process: str
    processes: tuple[str, ...]
    section: int
    schedules: tuple[Schedule, ...]
    plan: str
    data: str
    run: str
    cache: str | None
    checkpoint: str | None
    step: int
    start: str | None
    start_keys: tuple[str, ...]
    until: int | None
    known: str | None
    lanes: int
    parameters: int
    status: int
    bells: tuple[int, ...]
    spins: bool
    heartbeat_s: float
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """From a process: it has its kernels and data, and can begin. `compile_s`: seconds that kernels took; `surroundings`: version
    of JAX and the platform; `fingerprint`: of its data, by name."""

    process: str
    compile_s: float
    surroundings: tuple[str, str]
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Hear:
    """To a process: an event for its worker."""

    event: events.WorkerEvent


@dataclass(frozen=True, slots=True)
class Tell:
    """From a process: an event for the coordinator."""

    event: events.CoordinatorEvent


@dataclass(frozen=True, slots=True)
class TensorsWanted:
    """To a process whose roles stand still: say what you hold."""


@dataclass(frozen=True, slots=True)
class Tensors:
    """From a process: what its roles hold, as (role, name of the array, NumPy dtype, shape); the arrays' bytes follow, in order."""

    process: str
    arrays: tuple[tuple[str, str, str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Leave:
    """To a process: the section is over; say what you needed (`Needed`) and end."""


@dataclass(frozen=True, slots=True)
class Needed:
    """From a process, last of all: what it measured of itself. `timed`: (steps, seconds) of every stretch of steps of its worker;
    seconds of all steps together in compute, in waiting and in moving bytes; `moved_bytes` by kind of link over `moved_steps` steps
    of training, those that went to other processes; `memory_bytes`: the most that it ever held, and `idle_bytes` what it held when
    it was prepared and had no array yet; `named_bytes`: the most that was held by name. `parameter_bytes`: of the parameters that
    its worker reads, and `updater_bytes` of its servers' updater state; None where nobody said."""

    process: str
    timed: tuple[tuple[int, float], ...]
    compute_s: float
    waiting_s: float
    moving_s: float
    moved_bytes: dict[str, int]
    moved_steps: int
    memory_bytes: int
    idle_bytes: int
    named_bytes: int
    parameter_bytes: int | None = None
    updater_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """From a process, last of all: it cannot go on. `data`: the data are to blame (exit code 1), else the job failed; a `bug` is
    our own fault, in words, and its traceback is in the log."""

    process: str
    diagnostic: Diagnostic | None
    data: bool = False
    bug: str | None = None


Wired: TypeAlias = Assignment | Prepared | Hear | Tell | TensorsWanted | Tensors | Leave | Needed | Broken
_KINDS: dict[str, type] = {
    kind.__name__: kind for kind in (Assignment, Prepared, Hear, Tell, TensorsWanted, Tensors, Leave, Needed, Broken)
}
_EVENTS: dict[str, type] = {name: kind for name, kind in vars(events).items() if isinstance(kind, type) and is_dataclass(kind)}


def encode(message: Wired) -> bytes:
    """A message with its length before it."""
    body: dict[str, Any] = {one.name: getattr(message, one.name) for one in fields(message)}
    if isinstance(message, Hear | Tell):
        body["event"] = (type(message.event).__name__, message.event)
    text = msgspec.msgpack.encode((type(message).__name__, body))
    return _LENGTH.pack(len(text)) + text


def decode(text: bytes) -> Wired:
    """A message, given without its length."""
    name, body = msgspec.msgpack.decode(text)
    kind = _KINDS[name]
    if kind in (Hear, Tell):
        event, content = body["event"]
        return kind(msgspec.convert(content, _EVENTS[event]))
    return msgspec.convert(body, kind)


class Inbox:
    """Messages put together from what a stream gave. `rest` is what came after the last whole message: where that is `Tensors`, the
    beginning of its arrays."""

    def __init__(self) -> None:
        self.rest = bytearray()

    def add(self, some: bytes) -> None:
        """More of the stream."""
        self.rest += some

    def next(self) -> Wired | None:
        """The next whole message, or None where there is none yet."""
        if len(self.rest) < _LENGTH.size:
            return None
        (size,) = _LENGTH.unpack_from(self.rest)
        if len(self.rest) < _LENGTH.size + size:
            return None
        message = decode(bytes(self.rest[_LENGTH.size : _LENGTH.size + size]))
        del self.rest[: _LENGTH.size + size]
        return message
