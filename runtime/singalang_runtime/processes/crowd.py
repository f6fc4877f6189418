"""The processes of one train section, as the coordinator has them: started, assigned, spoken to, listened to, ended. Knows the
messages' form and not their meaning."""

from __future__ import annotations

import os
import selectors
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from singalang_runtime.plane.bell import new_bell
from singalang_runtime.plane.block import Block
from singalang_runtime.processes import launch
from singalang_runtime.processes.wire import Assignment, Inbox, Tensors, Wired, encode

Array: TypeAlias = np.ndarray[Any, Any]
Held: TypeAlias = dict[str, dict[str, Array]]
"""Arrays by role and name."""
_SOME = 1 << 16
_BLOCKS = ("lanes", "parameters", "status")


@dataclass(frozen=True, slots=True)
class Ended:
    """A process has ended, with this code."""

    code: int


@dataclass(frozen=True, slots=True)
class Logged:
    """A process wrote a line to its standard output or error."""

    line: str


@dataclass(frozen=True, slots=True)
class Brought:
    """A process brought all its arrays."""

    arrays: Held


Heard: TypeAlias = Wired | Ended | Logged | Brought
Said: TypeAlias = tuple[str, Heard]
"""A process, and what there is of it."""


@dataclass(slots=True)
class _Ear:
    """What has been heard of a process so far: messages, the arrays that are coming, a line of its log that has no end yet."""

    process: launch.Process
    inbox: Inbox = field(default_factory=Inbox)
    arrays: Held = field(default_factory=dict)
    coming: deque[memoryview] = field(default_factory=deque)
    line: bytes = b""
    ended: bool = False


class Crowd:
    """Processes by name. The blocks that they share have no size until `share`."""

    def __init__(self, names: Sequence[str], cores: Sequence[Sequence[int]]) -> None:
        self.names = tuple(names)
        self.ended = False
        self.blocks: dict[str, Block] = {}
        self._descriptors = {name: os.memfd_create(f"singalang-{name}", os.MFD_CLOEXEC) for name in _BLOCKS}
        self._bells = [new_bell() for _ in names]
        self._listening = selectors.DefaultSelector()
        self._ears: dict[str, _Ear] = {}
        try:
            processes = launch.start(names, cores, [*self._descriptors.values(), *self._bells])
        except BaseException:
            self._let_go()
            raise
        for process in processes:
            self._ears[process.name] = _Ear(process)
            process.stream.setblocking(False)
            os.set_blocking(process.log, False)
            self._listening.register(process.stream, selectors.EVENT_READ, (process.name, self._hear))
            self._listening.register(process.log, selectors.EVENT_READ, (process.name, self._read_log))
            if process.gone >= 0:
                self._listening.register(process.gone, selectors.EVENT_READ, (process.name, self._nothing))

    def pid(self, name: str) -> int:
        """The system's number of a process."""
        return self._ears[name].process.popen.pid

    def share(self, sizes: Mapping[str, int]) -> None:
        """Gives the blocks `lanes`, `parameters` and `status` their sizes in bytes."""
        for name, descriptor in self._descriptors.items():
            os.ftruncate(descriptor, max(1, sizes[name]))
            self.blocks[name] = Block.attached(os.dup(descriptor))

    def assign(self, assignment: Callable[[str, Mapping[str, int], tuple[int, ...]], Assignment]) -> None:
        """Tells every process what it is, given its name and the descriptors of blocks and bells."""
        for name in self.names:
            self.send(name, assignment(name, self._descriptors, tuple(self._bells)))

    def send(self, name: str, message: Wired) -> None:
        """Says something to a process; nothing where it has ended."""
        if self.ended:
            return
        stream = self._ears[name].process.stream
        with suppress(BrokenPipeError, ConnectionResetError):
            stream.setblocking(True)
            try:
                stream.sendall(encode(message))
            finally:
                stream.setblocking(False)

    def send_all(self, message: Wired) -> None:
        """Says something to every process."""
        for name in self.names:
            self.send(name, message)

    def listen(self, timeout_s: float) -> list[Said]:
        """What there is of all processes, waiting for so long at most. That one has ended is told once, after all it said."""
        found: list[Said] = []
        for key, _ in self._listening.select(timeout_s):
            name, hear = key.data
            found.extend(hear(self._ears[name]))
        for name, ear in self._ears.items():
            code = None if ear.ended else ear.process.code
            if code is not None:
                ear.ended = True
                found.extend([*self._hear(ear), *self._read_log(ear), (name, Ended(code))])
                self._forget(ear)
        return found

    def leave(self) -> None:
        """Waits for the end of processes that were told to leave, for a bounded time; then nothing is left of them."""
        self._end(at_once=False)

    def kill(self) -> None:
        """Ends all of them at once; may be called again."""
        self._end(at_once=True)

    def _end(self, *, at_once: bool) -> None:
        if self.ended:
            return
        self.ended = True
        self._listening.close()
        launch.end([ear.process for ear in self._ears.values()], at_once=at_once)
        self._let_go()

    def _let_go(self) -> None:
        for block in self.blocks.values():
            block.close()
        for descriptor in (*self._descriptors.values(), *self._bells):
            os.close(descriptor)
        self._listening.close()

    def _forget(self, ear: _Ear) -> None:
        for key in [key for key in self._listening.get_map().values() if key.data[0] == ear.process.name]:
            self._listening.unregister(key.fileobj)

    def _nothing(self, ear: _Ear) -> Iterator[Said]:
        yield from ()

    def _hear(self, ear: _Ear) -> Iterator[Said]:
        """Reads what is there of a process's stream."""
        stream, name = ear.process.stream, ear.process.name
        while True:
            try:
                if ear.coming:
                    read = stream.recv_into(ear.coming[0])
                else:
                    some = stream.recv(_SOME)
                    read = len(some)
                    ear.inbox.add(some)
            except (BlockingIOError, ConnectionResetError):
                return
            if not read:
                with suppress(KeyError, ValueError):
                    self._listening.unregister(stream)
                return
            if ear.coming:
                yield from self._filled(ear, read)
            while not ear.coming and (message := ear.inbox.next()) is not None:
                if isinstance(message, Tensors):
                    self._expect(ear, message)
                    yield from self._filled(ear, 0)
                else:
                    yield name, message

    def _expect(self, ear: _Ear, message: Tensors) -> None:
        """Makes room for arrays; the beginning of their bytes may have come already."""
        ear.arrays = {}
        for role, name, dtype, shape in message.arrays:
            array = ear.arrays.setdefault(role, {})[name] = np.empty(shape, dtype)
            if array.nbytes:
                ear.coming.append(array.reshape(-1).view(np.uint8).data)
        rest, ear.inbox.rest = ear.inbox.rest, bytearray()
        while rest and ear.coming:
            size = min(len(rest), len(ear.coming[0]))
            ear.coming[0][:size] = rest[:size]
            del rest[:size]
            self._advance(ear, size)
        ear.inbox.rest = rest

    def _filled(self, ear: _Ear, read: int) -> Iterator[Said]:
        if read:
            self._advance(ear, read)
        if not ear.coming:
            arrays, ear.arrays = ear.arrays, {}
            yield ear.process.name, Brought(arrays)

    def _advance(self, ear: _Ear, size: int) -> None:
        left = ear.coming[0][size:]
        if len(left):
            ear.coming[0] = left
        else:
            ear.coming.popleft()

    def _read_log(self, ear: _Ear) -> Iterator[Said]:
        while True:
            try:
                some = os.read(ear.process.log, _SOME)
            except BlockingIOError:
                return
            if not some:
                with suppress(KeyError, ValueError):
                    self._listening.unregister(ear.process.log)
                some, ended = b"", True
            else:
                ended = False
            *lines, ear.line = (ear.line + some).split(b"\n")
            if ended and ear.line:
                lines, ear.line = [*lines, ear.line], b""
            for line in lines:
                yield ear.process.name, Logged(line.decode(errors="replace"))
            if ended:
                return


def is_stopped(pid: int) -> bool:
    """Whether the system says that a process was stopped by a signal; False where it does not say."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] in ("T", "t")
