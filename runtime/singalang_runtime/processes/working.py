"""The work of one process of a group, from when it is told what it is until it is told to leave. Knows JAX, and not how it was
started."""

from __future__ import annotations

import os
import socket
import sys
import traceback
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from math import inf
from pathlib import Path
from threading import Thread
from time import monotonic, perf_counter, sleep
from typing import Any, TypeVar

import numpy as np

from singalang_compiler.plan import Plan, SectionRecord, kernels_folder
from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_runtime.allocator import give_free_blocks_back
from singalang_runtime.binding import Load
from singalang_runtime.checkpoint.lazy import FirstOf, TensorFiles
from singalang_runtime.checkpoint.manifest import Manifest
from singalang_runtime.checkpoint.read import read_manifest
from singalang_runtime.codes.e0806_checkpoint_damaged import CheckpointDamaged
from singalang_runtime.codes.e0902_kernel_failed import KernelFailed
from singalang_runtime.crew import Hands
from singalang_runtime.device import open_device
from singalang_runtime.feed.faults import BrokenData
from singalang_runtime.feed.feed import Feed
from singalang_runtime.feed.open import open_feed
from singalang_runtime.group.parameter_blocks import ParameterBlocks
from singalang_runtime.group.records import calls_of_roles
from singalang_runtime.group.setting import Setting
from singalang_runtime.kernels import DeviceFailed, forget_called
from singalang_runtime.labour import Labour
from singalang_runtime.layout import Layout
from singalang_runtime.opening import data_of, names_of_files, trained_fields, training_kernels
from singalang_runtime.plan_files import read_plan
from singalang_runtime.plane.block import Block
from singalang_runtime.plane.layout import LanesLayout
from singalang_runtime.plane.shared import SharedPlane
from singalang_runtime.processes.activity import Activity
from singalang_runtime.processes.cast import Cast
from singalang_runtime.processes.solo import Solo
from singalang_runtime.processes.station import Station, roles_of
from singalang_runtime.processes.status_block import StatusWriter
from singalang_runtime.processes.wire import (
    Assignment,
    Broken,
    Hear,
    Inbox,
    Leave,
    Needed,
    Prepared,
    Tell,
    Tensors,
    TensorsWanted,
    Wired,
    encode,
)
from singalang_runtime.protocol import events as e
from singalang_runtime.protocol.group import GroupView
from singalang_runtime.protocol.worker import Worker
from singalang_runtime.scorecard import peak_memory_bytes
from singalang_runtime.storage import StorageFailed
from singalang_runtime.training import Training

Value = TypeVar("Value")
_SOME = 1 << 16


class _Told(Exception):
    """What keeps the process from going on, in a diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.title)
        self.diagnostic = diagnostic


class _NoWatch:
    """Nobody asks this loop to stop but by the stream to the coordinator."""

    asked, at = False, inf

    def look(self) -> None:
        """Nothing is due."""


def work(name: str, stream: socket.socket) -> int:
    """Does what the process `name` is told on `stream`; returns its exit code."""
    working = _Working(name, stream)
    try:
        working.prepare()
        working.until_leave()
        return 0
    except (BrokenPipeError, ConnectionResetError, EOFError):
        return 1  # the coordinator is gone
    except BrokenData as failure:
        return working.broke(Broken(name, failure.diagnostic, data=True))
    except _Told as failure:
        return working.broke(Broken(name, failure.diagnostic, data=True))
    except StorageFailed as failure:
        return working.broke(Broken(name, failure.diagnostic))
    except (DeviceFailed, MemoryError) as failure:
        reason = (str(failure).splitlines() or ["no memory left"])[0]
        return working.broke(Broken(name, KernelFailed(f"{working.doing} in process `{name}`", reason).diagnostic()))
    except Exception as failure:
        traceback.print_exc()
        sys.stderr.flush()
        return working.broke(Broken(name, None, bug=f"{type(failure).__name__}: {failure}"))


class _Working:
    """A process: what it was told to be, its station, and its worker if it has one."""

    def __init__(self, name: str, stream: socket.socket) -> None:
        self.name, self.doing = name, "starting"
        self._stream = stream
        self._inbox = Inbox()
        self._said: deque[Wired] = deque()  # heard, and not done yet
        self._labour: Labour | None = None

    def prepare(self) -> None:
        """Becomes ready to begin, and says so. May raise BrokenData, StorageFailed, DeviceFailed and what `work` knows besides."""
        asked = self._next()
        assert isinstance(asked, Assignment) and asked.process == self.name, f"{self.name} was told {asked} first"
        self._asked = asked
        self._writer = StatusWriter(Block.attached(asked.status), asked.processes.index(self.name))
        self._activity = Activity(self._writer)
        Thread(target=self._beat, name="heartbeat", daemon=True).start()
        self._open()
        self._say(Prepared(self.name, self._compile_s, self._surroundings, self._feed.fingerprint))
        self._idle_bytes = forget_peak_memory()
        if self._worker is None:
            self._place(asked.step if asked.checkpoint else None)

    def until_leave(self) -> None:
        """Hears, works and answers until it is told to leave."""
        watch, labour, station = _NoWatch(), self._labour, self._station
        while True:
            while (message := self._heard()) is not None:
                if isinstance(message, Leave):
                    self._leave()
                    return
                self._hear(message)
            if labour is None:
                station.advance(watch)
            elif labour.waits or labour.crew is not None:
                labour.go_on(watch)
            else:
                self._wait()

    def broke(self, broken: Broken) -> int:
        """Says that the process cannot go on; returns its exit code."""
        with suppress(OSError):
            self._say(broken)
        return 1

    def _open(self) -> None:
        """Data and kernels, and the process's part of the memory that all share."""
        asked, activity = self._asked, self._activity
        path = Path(asked.plan)
        plan = _value(read_plan(path))
        section = plan.sections[asked.section]
        self._worker, _ = roles_of(Cast.of(section).homes, self.name)
        self.doing = "opening the data"
        activity.begin("opening", asked.step)
        self._feed = _value(self._opened_feed(path, plan, section))
        self.doing = f"compiling the kernels of `{section.name}`"
        activity.begin("compiling")
        begun, cache = perf_counter(), Path(asked.cache) if asked.cache else None
        wanted = {one.init_kernel for one in plan.parameters}
        if section.group is None:
            wanted |= set(training_kernels(section))
        else:
            wanted |= {call.kernel for call in calls_of_roles(GroupView(section.group), Cast.of(section).roles_in(self.name))}
        device = _value(open_device(plan, path, wanted, cache, synchronous=section.group is not None))
        self._surroundings = device.surroundings
        self._dtype = Layout.of(plan, section).dtype
        self._station = self._stationed(plan, section, device.load)
        self._compile_s = perf_counter() - begun
        self._sections = [one.name for one in plan.sections]
        if self._worker is not None:
            machine = Worker(self._worker, asked.schedules, asked.until)
            self._labour = Labour({self._worker: machine}, self._sections, begin=self._begin, tell=self._tell)

    def _stationed(self, plan: Plan, section: SectionRecord, load: Load) -> Station | Solo:
        """What its roles do, their kernels compiled."""
        asked, schedule, control = self._asked, self._asked.schedules[self._asked.section], self._stream.fileno()
        if section.group is None:
            training = Training(plan, section, self._feed, schedule, load)
            return Solo(training, self._activity, control, self._listen)
        setting = Setting.of(plan, section, self._feed, load, Cast.of(section).roles_in(self.name))
        layout = LanesLayout(setting.view, setting.dtype)
        plane = SharedPlane(layout, self.name, Block.attached(asked.lanes), asked.bells, asked.spins)
        parameters = Block.attached(asked.parameters)
        blocks = ParameterBlocks(setting.view, setting.dtype, parameters.array(0, (parameters.size_bytes,), np.dtype(np.uint8)))
        return Station(self.name, setting, schedule, load, plane, blocks, self._activity, control)

    def _listen(self) -> bool:
        """Hears what was said while it works; whether something is left that its worker must stop for."""
        while (message := self._read()) is not None:
            if isinstance(message, Hear) and isinstance(message.event, e.ProgressAsked):
                self._hear(message)
            else:
                self._said.append(message)
        return bool(self._said)

    def _opened_feed(self, path: Path, plan: Plan, section: SectionRecord) -> Outcome[Feed]:
        return open_feed(
            data_of(plan, section),
            seed=section.seed,
            folder=Path(self._asked.data),
            beside=kernels_folder(path),
            fields=trained_fields(plan, section),
            written=names_of_files(plan),
        )

    def _begin(self, section: int, cursor: e.Cursor | None) -> Hands:
        """Its worker begins: the process takes its parts of the tensors."""
        assert section == self._asked.section, f"{self.name} is of section {self._asked.section}"
        self._place(cursor.step if cursor else None)
        return self._station

    def _place(self, step: int | None) -> None:
        """Its parts of a checkpoint's tensors at `step`, or of those that the section begins with."""
        asked, dtype = self._asked, self._dtype
        self.doing = "making the first parameters"
        self._activity.begin("initialising", step or 0)
        if step is not None:
            assert asked.checkpoint is not None, "it goes on from a checkpoint"
            folder = Path(asked.checkpoint)
            self._station.restore(TensorFiles.of_checkpoint(folder, _manifest(folder)), step)
        else:
            known: list[Mapping[str, Any]] = []
            if asked.start is not None:
                start = Path(asked.start)
                known.append(TensorFiles.of_checkpoint(start, _manifest(start), asked.start_keys, dtype))
            if asked.known is not None:
                known.append(TensorFiles([Path(asked.known)]))
            self._station.initialise(FirstOf(*known))
        if not isinstance(self._station, Solo):
            forget_called()  # what made first parameters is not called again
        give_free_blocks_back()
        self.doing = f"training `{self._sections[asked.section]}`"

    def _hear(self, message: Wired) -> None:
        match message:
            case Hear(event):
                assert self._labour is not None and self._worker is not None, f"{self.name} has no worker"
                if isinstance(event, e.ProgressAsked):
                    self._labour.hear_at_once(self._worker, event)
                else:
                    self._labour.hear(self._worker, event)
            case TensorsWanted():
                self._bring()
            case _:
                raise AssertionError(f"{self.name} hears {message}")

    def _bring(self) -> None:
        """Brings its arrays to the coordinator."""
        self._activity.begin("saving")
        held = [
            (role, name, np.ascontiguousarray(array))
            for role, arrays in self._station.held().items()
            for name, array in arrays.items()
        ]
        self._say(Tensors(self.name, tuple((role, name, array.dtype.str, array.shape) for role, name, array in held)))
        for _, _, array in held:
            if array.nbytes:
                self._stream.sendall(array.reshape(-1).view(np.uint8).data)
        self._activity.begin("standing")

    def _leave(self) -> None:
        """Says what the process needed."""
        figures = self._station.figures()
        self._station.close()
        self._say(
            Needed(
                process=self.name,
                timed=figures.timed,
                compute_s=figures.compute_s,
                waiting_s=figures.waiting_s,
                moving_s=figures.moving_s,
                moved_bytes=figures.moved_bytes,
                moved_steps=figures.moved_steps,
                memory_bytes=peak_memory_bytes() or 0,
                idle_bytes=self._idle_bytes,
                named_bytes=figures.named_bytes,
                parameter_bytes=figures.parameter_bytes,
                updater_bytes=figures.updater_bytes,
            )
        )

    def _tell(self, event: e.CoordinatorEvent) -> None:
        self._say(Tell(event))

    def _say(self, message: Wired) -> None:
        self._stream.setblocking(True)
        self._stream.sendall(encode(message))

    def _next(self) -> Wired:
        """The next message, waiting for it."""
        while (message := self._heard()) is None:
            self._wait()
        return message

    def _wait(self) -> None:
        """Waits until something can be read. Raises EOFError where the coordinator is gone."""
        self._stream.setblocking(True)
        self._add(self._stream.recv(_SOME))

    def _heard(self) -> Wired | None:
        """A message, if one is there."""
        return self._said.popleft() if self._said else self._read()

    def _read(self) -> Wired | None:
        """A message, if one has come since."""
        message = self._inbox.next()
        if message is not None:
            return message
        self._stream.setblocking(False)
        try:
            self._add(self._stream.recv(_SOME))
        except BlockingIOError:
            return None
        return self._inbox.next()

    def _add(self, some: bytes) -> None:
        if not some:
            raise EOFError
        self._inbox.add(some)

    def _beat(self) -> None:
        """Gives a sign of life again and again, from a thread of its own."""
        while True:
            self._writer.beat(monotonic(), memory_bytes())
            sleep(self._asked.heartbeat_s / 2)


def _value(outcome: Outcome[Value]) -> Value:
    """What an outcome holds. Raises _Told with its first fault."""
    if outcome.value is None:
        raise _Told(outcome.diagnostics[0])
    return outcome.value


def _manifest(folder: Path) -> Manifest:
    """The manifest of a checkpoint. Raises _Told where it was damaged since the coordinator read it."""
    manifest = read_manifest(folder)
    if isinstance(manifest, str):
        raise _Told(CheckpointDamaged(str(folder), manifest, None).diagnostic())
    return manifest


def memory_bytes() -> int:
    """The memory that this process holds now; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def forget_peak_memory() -> int:
    """The memory that this process holds now; what it held before no longer counts as its peak, where the system allows that."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return memory_bytes()
