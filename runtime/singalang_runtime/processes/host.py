"""The coordinator of a job of many processes: its state machine's instructions become messages, and theirs its events. Decides
nothing itself, and knows no JAX.

Every train section has processes of its own, and so has every restart: they begin from a checkpoint, or from what earlier sections
learned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, perf_counter
from typing import assert_never

import msgspec
import numpy as np
from safetensors.numpy import save_file

from singalang_compiler.plan import SectionRecord
from singalang_grammar.diagnostics import CompilerBug
from singalang_runtime.attention import Attention
from singalang_runtime.checkpoint.read import Checkpoint
from singalang_runtime.codes.e0910_process_lost import ProcessLost
from singalang_runtime.failing import JobFailed
from singalang_runtime.feed.faults import BrokenData
from singalang_runtime.feed.fingerprint import changed
from singalang_runtime.office import Office
from singalang_runtime.processes.cast import Cast
from singalang_runtime.processes.cores import available
from singalang_runtime.processes.crowd import Brought, Crowd, Ended, Heard, Held, Logged, is_stopped
from singalang_runtime.processes.logs import Logs
from singalang_runtime.processes.lost import process_lost, words_of
from singalang_runtime.processes.rows import Rows
from singalang_runtime.processes.starting import start_crowd
from singalang_runtime.processes.status_block import StatusReader
from singalang_runtime.processes.wire import Assignment, Broken, Hear, Leave, Needed, Prepared, Tell, TensorsWanted
from singalang_runtime.protocol import events as e
from singalang_runtime.protocol import instructions as i
from singalang_runtime.protocol.coordinator import Coordinator
from singalang_runtime.protocol.watch import Gone, Looked, Lost, Seen, Watch
from singalang_runtime.scorecard import SectionScore, score_of_processes
from singalang_runtime.storage import writing

LEAVE_S = 10.0
"""How long processes that were told to leave may take to say what they needed."""


class GroupLost(Exception):
    """A process is lost, and with it its group."""

    def __init__(self, lost: Lost) -> None:
        super().__init__(lost.process)
        self.lost = lost


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a job of many processes runs: the folder of its data, that of compiled kernels. `crowd` are processes that were started
    ahead, for the first section; `until` as `ExecRequest` says."""

    data: Path
    cache: Path | None
    until: int | None
    debug: bool = False
    crowd: Crowd | None = None


class ProcessHost:
    """The coordinator's process. `again` gives the checkpoint to go on from after a loss, the run folder being made what it was
    then; None where there is none yet."""

    def __init__(self, office: Office, place: Place, attention: Attention, again: Callable[[], Checkpoint | None]) -> None:
        self.office = office
        self.scores: list[SectionScore] = []
        self.restarts = 0
        self._place, self._attention, self._again = place, attention, again
        self._plan = office.job.plan
        self._logs = Logs(office.folder.path / "logs", office.reporter.logged)
        self._crowd = place.crowd
        self._known = office.folder.path / ".known.safetensors"
        self._end: i.EndJob | None = None
        self._leaving = False
        self._section: int | None = None  # whose processes are at hand
        self._next: list[tuple[int, e.Begin]] = []  # what workers of the next section are to hear first
        self._later: dict[int, list[e.WorkerEvent]] = {}  # by worker what it is to hear when its process is ready
        self._prepared: dict[str, Prepared] = {}
        self._brought: Held = {}
        self._missing: set[str] = set()  # processes whose arrays have not come yet
        self._wanted_for: e.Cursor | None = None  # the checkpoint that they are for
        self._looked_s = 0.0

    def run(self, resumed: Checkpoint | None) -> i.EndJob:
        """Runs the job from its beginning or from a checkpoint. Raises StorageFailed, BrokenData and JobFailed."""
        try:
            self._begin(resumed)
            while self._end is None:
                self._go_on()
            if self._end.status != "failed":
                self._leave()
            return self._end
        finally:
            if self._crowd is not None:
                self._crowd.kill()
            self._logs.close()
            self._known.unlink(missing_ok=True)

    def abandon(self) -> i.EndJob:
        """Asked for the second time: the job is over at once."""
        self._coordinate(e.LeaveRequested())
        if self._end is None:
            self._coordinate(e.LeaveRequested())
        assert self._end is not None
        return self._end

    def _begin(self, resumed: Checkpoint | None) -> None:
        """The job begins, for the first time or again."""
        office, sizes = self.office, [Cast.of(section).workers for section in self._plan.sections]
        self._resumed, self._section, self._next, self._later = resumed, None, [], {}
        cursor = office.go_on_from(resumed) if resumed else None
        self._machine = Coordinator(sizes, cursor, office.reporter.refresh_s)
        self._coordinate(e.JobStarted())
        if self._leaving:
            self._coordinate(e.LeaveRequested())

    def _go_on(self) -> None:
        try:
            self._turn()
        except GroupLost as failure:
            allowed = self._plan.topology.restarts
            facts = msgspec.to_builtins(failure.lost)
            self.office.note("ProcessLost", {**facts, "section": self._section, "restarts": self.restarts})
            self._working.kill()
            self._crowd = None
            if allowed is not None and self.restarts >= allowed:
                raise JobFailed(self._report(failure.lost).diagnostic()) from None
            self.restarts += 1
            self.office.reporter.note(f"{words_of(failure.lost)}; its group starts again")
            self._begin(self._again())

    def _turn(self) -> None:
        """Listens for a short while, and does what comes of it."""
        if self._attention.asked:
            self._attention.asked, self._leaving = False, True
            self._coordinate(e.LeaveRequested())
        crowd = self._working
        for name, said in crowd.listen(self._interval_s):
            self._hear(name, said)
            if self._end is not None or self._crowd is not crowd:
                return
        self._look()

    def _hear(self, name: str, said: Heard) -> None:
        match said:
            case Logged(line):
                self._logs.add(name, line)
            case Prepared():
                self._prepare(said)
            case Tell(event):
                self._coordinate(event)
            case Brought(arrays):
                self._bring(name, arrays)
            case Broken():
                raise _broken(said, self._logs.path(name))
            case Ended(code):
                status = self._board.read(self._working.names.index(name))  # what it said last
                self._judge([replace(one, doing=status.doing, step=status.step) for one in self._watch.handle(Gone(name, code))])
            case _:
                raise CompilerBug(f"{name} says {type(said).__name__} to the coordinator")

    @property
    def _working(self) -> Crowd:
        assert self._crowd is not None, "processes were started"
        return self._crowd

    @property
    def _interval_s(self) -> float:
        return min(self._plan.topology.heartbeat_s / 4, self.office.reporter.refresh_s)

    def _look(self) -> None:
        """Looks how the processes are, and asks how far they are, when it is time to."""
        now = monotonic()
        if now - self._looked_s < self._interval_s / 2:
            return
        self._looked_s = now
        seen, said = [], [self._board.read(place) for place in range(len(self._working.names))]
        self._rows.look(now, said)
        for name, status in zip(self._working.names, said, strict=True):
            beat_s = status.beat_s or (0.0 if is_stopped(self._working.pid(name)) else now)  # it may not have begun to tell
            seen.append(Seen(name, beat_s, status.doing, status.step, status.since_s, status.median_step_s))
        self._judge(self._watch.handle(Looked(now, tuple(seen))))
        if len(self._prepared) == len(self._working.names):
            self._coordinate(e.Tick(perf_counter()))

    def _report(self, lost: Lost) -> ProcessLost:
        """The one report of a loss that ends the run."""
        log = self._logs.path(lost.process)
        return process_lost(
            lost,
            roles=self._cast.roles_in(lost.process),
            run=str(self.office.folder.path),
            log=str(log) if log.exists() else None,
            restarts=self.restarts,
            checkpoint=self.office.checkpoint,
            out_of_memory=False,
        )

    def _judge(self, found: list[Lost]) -> None:
        if found:
            raise GroupLost(found[0])

    def _coordinate(self, event: e.CoordinatorEvent) -> None:
        office = self.office
        office.trace(event)
        for instruction in self._machine.handle(event):
            match instruction:
                case i.Send(worker, e.Begin() as begin):
                    self._send_begin(worker, begin)
                case i.Send(worker, message):
                    self._send(worker, message)
                case i.WriteCheckpoint(cursor):
                    self._want_tensors(cursor)
                case i.RecordMetrics():
                    office.step = instruction.step
                    self._mark(instruction.step)
                    office.record(instruction)
                case i.ShowProgress():
                    office.step = instruction.step
                    self._mark(instruction.step)
                    office.show(instruction)
                case i.EndJob():
                    self._end = instruction
                case _:
                    assert_never(instruction)

    def _send(self, worker: int, event: e.WorkerEvent) -> None:
        """Says something to a worker; later, where its process is not ready yet."""
        process = "" if self._next else self._cast.home_of(worker)
        if process in self._prepared:
            self._working.send(process, Hear(event))
        else:
            self._later.setdefault(worker, []).append(event)

    def _send_begin(self, worker: int, begin: e.Begin) -> None:
        """When all workers are to begin a section its processes are started, once those of the section before have left."""
        self._next.append((worker, begin))
        if len(self._next) < Cast.of(self._plan.sections[begin.section]).workers:
            return
        if self._section is None:
            self._start()
        else:
            self._want_tensors(None)

    def _start(self) -> None:
        """Starts the processes of the section that is to begin."""
        begin, office = self._next[0][1], self.office
        self._section = begin.section
        self._later = {worker: [begin, *self._later.get(worker, [])] for worker, begin in self._next}
        self._next, self._prepared, self._looked_s = [], {}, monotonic()
        step = begin.cursor.step if begin.cursor else 0
        office.enter(begin.section, step)
        office.reporter.stage("starting")
        self._cast = Cast.of(self._record)
        if self._crowd is None:
            self._crowd = start_crowd(self._plan, begin.section)
        crowd = self._crowd
        crowd.share(self._cast.block_bytes())
        self._board = StatusReader(crowd.blocks["status"], len(crowd.names))
        self._watch = Watch(self._plan.topology.heartbeat_s, crowd.names)
        self._rows = Rows(crowd.names, self._cast.homes, office.reporter)
        known, checkpoint = self._known_file(begin.cursor), self._resumed.path if self._resumed and begin.cursor else None
        start = office.job.starts[begin.section] if begin.cursor is None else None
        crowd.assign(
            lambda name, descriptors, bells: Assignment(
                process=name,
                processes=crowd.names,
                section=begin.section,
                schedules=office.job.schedules,
                plan=str(office.folder.plan.absolute()),
                data=str(self._place.data.absolute()),
                run=str(office.folder.path.absolute()),
                cache=str(self._place.cache.absolute()) if self._place.cache else None,
                checkpoint=str(checkpoint.absolute()) if checkpoint else None,
                step=step,
                start=str(start.path.absolute()) if start else None,
                start_keys=start.keys if start else (),
                until=self._place.until,
                known=known,
                lanes=descriptors["lanes"],
                parameters=descriptors["parameters"],
                status=descriptors["status"],
                bells=bells,
                spins=len(crowd.names) <= len(available()),
                heartbeat_s=self._plan.topology.heartbeat_s,
                debug=self._place.debug,
            )
        )

    def _known_file(self, cursor: e.Cursor | None) -> str | None:
        """A file of what earlier sections learned, for a section that begins."""
        if cursor is not None or not self.office.known:
            return None
        path = self._known
        with writing(path, "what earlier sections learned"):
            save_file({key: np.ascontiguousarray(tensor) for key, tensor in self.office.known.items()}, path)
        return str(path.absolute())

    def _prepare(self, said: Prepared) -> None:
        """A process is ready: its worker hears what waits for it."""
        office = self.office
        wrong = changed(office.job.feeds[self._number].fingerprint, said.fingerprint)
        if wrong:
            raise BrokenData(wrong[0])
        if not office.surroundings[0]:
            office.surroundings = said.surroundings
            if self._resumed is not None:
                office.compare_surroundings(self._resumed.manifest)
        self._prepared[said.process] = said
        for worker in [worker for worker in self._later if self._cast.home_of(worker) == said.process]:
            for event in self._later.pop(worker):
                self._working.send(said.process, Hear(event))
        if len(self._prepared) == len(self._working.names):
            office.doing = f"training `{self._record.name}`"
            office.note("ProcessesReady", {"section": self._record.name, "processes": list(self._working.names)})

    def _want_tensors(self, cursor: e.Cursor | None) -> None:
        """Asks all processes, which stand still, for what they hold: for a checkpoint, or (None) for the next section."""
        self._brought, self._missing, self._wanted_for = {}, set(self._working.names), cursor
        self._working.send_all(TensorsWanted())

    def _bring(self, name: str, arrays: Held) -> None:
        self._brought.update(arrays)
        self._missing.discard(name)
        if self._missing:
            return
        brought, cursor, office = self._brought, self._wanted_for, self.office
        self._brought = {}
        tensors = self._cast.assembled(brought)
        if cursor is None:
            office.known |= {key: tensor for key, tensor in tensors.items() if key.startswith(("parameters/", "state/"))}
            self._leave()
            self._start()
            return
        office.write_checkpoint(cursor, tensors)
        self._coordinate(e.Checkpointed(cursor.section, cursor.step))

    def _leave(self) -> None:
        """Has the processes leave, and takes down what they needed."""
        crowd, needed = self._working, dict[str, Needed]()
        crowd.send_all(Leave())
        until = monotonic() + LEAVE_S
        while len(needed) < len(crowd.names) and monotonic() < until:
            for name, said in crowd.listen(0.1):
                match said:
                    case Needed():
                        needed[name] = said
                    case Logged(line):
                        self._logs.add(name, line)
                    case Ended():
                        needed.setdefault(name, None)  # type: ignore[arg-type]
        crowd.leave()
        self._crowd = None
        compile_s = max((one.compile_s for one in self._prepared.values()), default=0.0)
        told = [needed[name] for name in crowd.names if needed.get(name) is not None]
        if len(told) == len(crowd.names):
            self.scores.append(score_of_processes(self._record, told, compile_s))

    def _mark(self, step: int) -> None:
        """Notes the speed: seconds of the slowest process in its steps."""
        self.office.mark(
            max(one.compute_s + one.waiting_s + one.moving_s for one in map(self._board.read, range(len(self._working.names)))),
            step,
        )

    @property
    def _number(self) -> int:
        assert self._section is not None, "a section has begun"
        return self._section

    @property
    def _record(self) -> SectionRecord:
        return self._plan.sections[self._number]


def _broken(said: Broken, log: Path) -> Exception:
    """What to raise for a process that could not go on."""
    if said.diagnostic is not None:
        return BrokenData(said.diagnostic) if said.data else JobFailed(said.diagnostic)
    return CompilerBug(f"{said.process}: {said.bug}; its log is {log}")
