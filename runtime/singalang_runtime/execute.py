"""`singa exec`: runs a plan from its beginning or from where a run stopped. Told everything it must know; reads no environment."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import msgspec

from singalang_compiler.plan import Plan
from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_runtime.attention import Attention
from singalang_runtime.checkpoint.read import Checkpoint, check_model, names, read_latest
from singalang_runtime.codes.e0709_plan_processes import PlanProcesses
from singalang_runtime.codes.e0809_run_of_another_plan import RunOfAnotherPlan
from singalang_runtime.codes.e0811_metrics_lost import MetricsLost
from singalang_runtime.codes.e0909_resume_without_run import NothingToResume
from singalang_runtime.culprit.records import PROBE
from singalang_runtime.culprit.telling import not_finite, tell_norms
from singalang_runtime.device import open_device
from singalang_runtime.failing import JobFailed, NotFinite
from singalang_runtime.feed.faults import BrokenData
from singalang_runtime.feed.fingerprint import changed
from singalang_runtime.layout import Layout
from singalang_runtime.office import Office
from singalang_runtime.opening import OpenJob, open_job, open_plan, training_kernels
from singalang_runtime.plan_files import read_plan
from singalang_runtime.processes.cores import available, bind, shares
from singalang_runtime.processes.room import check_room
from singalang_runtime.protocol.instructions import EndJob
from singalang_runtime.report.port import Reporter, Summary
from singalang_runtime.run_folder import RunFolder, Status, create, create_next, now, reopen
from singalang_runtime.runs import latest_run
from singalang_runtime.scorecard import SectionScore, scorecard
from singalang_runtime.storage import StorageFailed

if TYPE_CHECKING:
    from singalang_runtime.processes.crowd import Crowd

FINE, MISTAKE, USAGE, FAILED = 0, 1, 2, 3
SIGNALLED = 128
"""An exit code above this says which signal ended the run: 130 for Ctrl-C, 143 for SIGTERM, as shells do."""


@dataclass(frozen=True, kw_only=True)
class ExecRequest:
    """What to run. `plan` may be left out with `resume`: the run has a copy.

    `run`: the run folder (else the next free `<job>-<n>` in `runs`; with `resume` the last of the job there). `data`: the folder
    that relative paths of the plan are found in (else the current one; with `resume` that of the run). `until`: stop cleanly
    after so many steps of a train section. `local`: the work of all processes of the plan is done in this one. `cache`: folder of
    compiled kernels, None for none. `debug`: tells the norms of layers, at log lines or, with several processes, at checkpoints;
    where a loss is not finite, who was the first is looked for without bounds.
    """

    plan: Path | None
    reporter: Reporter
    run: Path | None = None
    runs: Path = Path("runs")
    data: Path | None = None
    resume: bool = False
    until: int | None = None
    local: bool = False
    cache: Path | None = None
    debug: bool = False


@dataclass(frozen=True)
class ExitStatus:
    """How it went: exit code (0 fine, 1 program or data wrong, 2 not so with this plan, 3 the job failed, 130 and 143 interrupted),
    what to tell, where."""

    code: int
    diagnostics: tuple[Diagnostic, ...] = ()
    run: Path | None = None


@dataclass(frozen=True)
class _Ready:
    """A job with its folder open, and the checkpoint to go on from. `crowd`: processes that were started ahead."""

    job: OpenJob
    folder: RunFolder
    checkpoint: Checkpoint | None
    crowd: Crowd | None = None


class Runs(Protocol):
    """What runs a job. `scores` are those of the train sections that it has left."""

    scores: list[SectionScore]

    def run(self, resumed: Checkpoint | None) -> EndJob:
        """Runs it from its beginning or from a checkpoint. Raises StorageFailed, BrokenData and JobFailed."""

    def abandon(self) -> EndJob:
        """Asked for the second time: the job is over at once."""


def execute(request: ExecRequest) -> ExitStatus:
    """Runs a plan to its end, or until somebody stops it. Never raises for what a user did or a machine lacks."""
    attention = Attention()
    with attention.to_signals():
        try:
            return _execute(request, attention)
        except KeyboardInterrupt:
            return ExitStatus(SIGNALLED + (attention.signal or signal.SIGINT))
        finally:
            request.reporter.close()


def _execute(request: ExecRequest, attention: Attention) -> ExitStatus:
    outcome = _resume(request) if request.resume else _begin(request)
    ready, found = outcome.value, outcome.diagnostics
    if ready is None:
        wrong = USAGE if any(one.code == PlanProcesses.CODE for one in found) else MISTAKE
        return ExitStatus(wrong if outcome.failed else FINE, found)
    try:
        if ready.crowd is not None or _several(ready.job.plan, request):
            return _train(request, ready, lambda office: _many(request, ready, office, attention), found, attention)
        return _alone(request, ready, found, attention)
    finally:
        if ready.crowd is not None:
            ready.crowd.kill()
        ready.folder.close()


def _several(plan: Plan, request: ExecRequest) -> bool:
    """Whether the plan is run by several processes."""
    return len(plan.processes) > 1 and not request.local


def _alone(request: ExecRequest, ready: _Ready, found: Sequence[Diagnostic], attention: Attention) -> ExitStatus:
    """Runs the job in this process."""
    plan = ready.job.plan
    if plan.semantics == "bitwise" and "jax" not in sys.modules:  # as each of several processes would be
        bind(available()[:1])
    device = open_device(plan, ready.folder.plan, needed_kernels(plan, request.debug), request.cache)
    if device.value is None:
        _close_state(ready.folder, "failed", device.diagnostics)
        return ExitStatus(MISTAKE, (*found, *device.diagnostics), ready.folder.path)
    from singalang_runtime.host import Host

    opened = device.value
    if len(plan.processes) > 1:
        request.reporter.note(f"the work of {len(plan.processes)} processes is done in this one")
    return _train(request, ready, lambda office: Host(office, opened, attention, request.until, request.debug), found, attention)


def _many(request: ExecRequest, ready: _Ready, office: Office, attention: Attention) -> Runs:
    """What runs the job in processes of its own."""
    from singalang_runtime.processes.host import Place, ProcessHost

    data = Path(ready.folder.state.data)
    if request.debug:
        office.after_checkpoint = tell_norms(office, request.cache)
    place = Place(data=data, cache=request.cache, until=request.until, debug=request.debug, crowd=ready.crowd)
    return ProcessHost(office, place, attention, lambda: _again(ready.folder, office.names))


def _again(folder: RunFolder, sections: Sequence[str]) -> Checkpoint | None:
    """The last checkpoint, the folder made what it was then; None where there is none. Raises StorageFailed."""
    checkpoint = None
    if names(folder.checkpoints, sections):
        read = read_latest(folder.checkpoints, sections)
        if read.value is None:
            raise StorageFailed(read.diagnostics[0])
        checkpoint = read.value
    folder.metrics.cut(checkpoint.manifest.metrics_bytes if checkpoint else 0)
    return checkpoint


def _begin(request: ExecRequest) -> Outcome[_Ready]:
    """A new run: the run folder is made when everything else has been found good."""
    assert request.plan is not None, "a new run needs a plan"
    data = request.data or Path()
    plan = open_plan(request.plan)
    if plan.value is None:
        return Outcome(None, plan.diagnostics)
    room = check_room(plan.value, request.plan) if _several(plan.value, request) else ()
    if Outcome(None, room).failed:
        return Outcome(None, room)
    crowd = _ahead(plan.value) if _several(plan.value, request) else None
    try:
        ready = _prepared(request, plan.value, request.plan, data)
    except BaseException:
        if crowd is not None:
            crowd.kill()
        raise
    if ready.value is None:
        if crowd is not None:
            crowd.kill()
        return ready
    return Outcome(replace(ready.value, crowd=crowd), (*room, *ready.diagnostics))


def _ahead(plan: Plan) -> Crowd:
    """The processes of the first section: they import what they need while the data are opened."""
    from singalang_runtime.processes.starting import start_crowd

    return start_crowd(plan, 0)


def _prepared(request: ExecRequest, plan: Plan, path: Path, data: Path) -> Outcome[_Ready]:
    """A job with its run folder, which is made when everything else has been found good."""
    job = open_job(plan, path, data, request.run or request.runs, alone=not _several(plan, request))
    if job.value is None:
        return Outcome(None, job.diagnostics)
    if request.run is not None:
        folder = create(request.run, path, plan, str(data))
    else:
        folder = create_next(request.runs, path, plan, str(data))
    found = (*job.diagnostics, *folder.diagnostics)
    return Outcome(_Ready(job.value, folder.value, None) if folder.value else None, found)


def _resume(request: ExecRequest) -> Outcome[_Ready]:
    """An earlier run, from its last checkpoint, or from its beginning where it has none."""
    given = read_plan(request.plan) if request.plan else None
    if given is not None and given.value is None:
        return Outcome(None, given.diagnostics)
    job = given.value.name if given and given.value else None
    path = request.run or latest_run(request.runs, job)
    if path is None:
        return Outcome(None, (NothingToResume(job, str(request.runs)).diagnostic(),))
    folder = reopen(path)
    if folder.value is None:
        return Outcome(None, folder.diagnostics)
    outcome = _reopened(request, folder.value, given.value if given else None)
    if outcome.value is None:
        folder.value.close()
    return outcome


def _reopened(request: ExecRequest, folder: RunFolder, given: Plan | None) -> Outcome[_Ready]:
    plan = open_plan(folder.plan)
    if plan.value is None:
        return Outcome(None, plan.diagnostics)
    if given is not None and given.sha256 != plan.value.sha256:
        return Outcome(None, (RunOfAnotherPlan(str(folder.path), str(request.plan)).diagnostic(),))
    room = check_room(plan.value, folder.plan) if _several(plan.value, request) else ()
    if Outcome(None, room).failed:
        return Outcome(None, room)
    if folder.state.status == "finished":
        request.reporter.note(f"the run in {folder.path} has finished already")
        return Outcome(None)
    data = request.data if request.data is not None else Path(folder.state.data)
    job = open_job(plan.value, folder.plan, data, folder.path, alone=not _several(plan.value, request))
    if job.value is None:
        return Outcome(None, job.diagnostics)
    found = [*room, *job.diagnostics]
    checkpoint = None
    sections = [section.name for section in plan.value.sections]
    if names(folder.checkpoints, sections):
        read = read_latest(folder.checkpoints, sections)
        found += read.diagnostics if read.value is None else _misfits(job.value, read.value)
        checkpoint = read.value
    if any(one.severity == "error" for one in found):
        return Outcome(None, tuple(found))
    try:
        found += _continue(folder, checkpoint, data)
    except StorageFailed as failure:
        return Outcome(None, (*found, failure.diagnostic))
    return Outcome(_Ready(job.value, folder, checkpoint), tuple(found))


def _misfits(job: OpenJob, checkpoint: Checkpoint) -> tuple[Diagnostic, ...]:
    """What keeps a job from going on from a checkpoint, and what has changed since."""
    plan, manifest = job.plan, checkpoint.manifest
    number = [section.name for section in plan.sections].index(manifest.section)
    layouts = [Layout.of(plan, section) for section in plan.sections]
    known = {key: shape for layout in layouts for key, shape in layout.shapes.items()}
    wanted = layouts[number]
    foreign = check_model(checkpoint, wanted.shapes, str(wanted.dtype), known)
    return foreign or changed(manifest.data, job.feeds[number].fingerprint)


def _continue(folder: RunFolder, checkpoint: Checkpoint | None, data: Path) -> list[Diagnostic]:
    """Makes the folder what it was at the checkpoint. Raises StorageFailed."""
    wanted, have = checkpoint.manifest.metrics_bytes if checkpoint else 0, folder.metrics.position()
    folder.metrics.cut(wanted)
    state = folder.state
    folder.set_state(
        msgspec.structs.replace(
            state, status="running", pid=os.getpid(), ended=None, code=None, reason=None, data=str(data), resumed=state.resumed + 1
        )
    )
    lost = have < wanted
    return [MetricsLost(str(folder.path / "metrics.jsonl"), wanted, have).diagnostic()] if lost else []


def _train(
    request: ExecRequest, ready: _Ready, runs: Callable[[Office], Runs], found: Sequence[Diagnostic], attention: Attention
) -> ExitStatus:
    """Runs the job with what does it, and tells how it ended."""
    begun, folder = perf_counter(), ready.folder
    office = Office(ready.job, folder, request.reporter)
    host = runs(office)
    request.reporter.begin(ready.job.plan.name, str(folder.path), ready.checkpoint.path.name if ready.checkpoint else None)
    fault: Diagnostic | None = None
    code = FAILED
    try:
        end = host.run(ready.checkpoint)
        for score in host.scores:
            if score.processes:
                request.reporter.scored(score)
        folder.write("scorecard.json", scorecard(ready.job.plan, host.scores, perf_counter() - begun, office.checkpoint_bytes))
    except KeyboardInterrupt:
        end = host.abandon()
    except StorageFailed as failure:
        end, fault = EndJob("failed"), failure.diagnostic
    except BrokenData as failure:
        end, fault, code = EndJob("failed"), failure.diagnostic, MISTAKE
    except JobFailed as failure:
        end, fault = EndJob("failed"), failure.diagnostic
    except NotFinite as failure:
        end = EndJob("failed", failure.fault)
    except BaseException:
        _close_state(folder, "failed", (), "a bug in singalang")
        raise
    if end.fault is not None:
        cores = _cores_of_one(ready.job.plan) if _several(ready.job.plan, request) else None
        fault = not_finite(office, end.fault, cache=request.cache, cores=cores, bounded=not request.debug, asked=attention.is_asked)
    return _ended(
        request,
        ready,
        office,
        end,
        fault,
        code,
        (*found, *office.found, *([fault] if fault else [])),
        perf_counter() - begun,
        attention,
    )


def _cores_of_one(plan: Plan) -> tuple[int, ...]:
    """The cores that a process of several has: how many they are may change how a kernel rounds."""
    return shares([process.name for process in plan.processes], available(), plan.semantics == "bitwise")[0]


def needed_kernels(plan: Plan, debug: bool = False) -> set[str]:
    """Keys of the kernels that training needs; with `debug` those that measure steps as well, where the plan has them."""
    found = {key for section in plan.sections for key in training_kernels(section)} | {one.init_kernel for one in plan.parameters}
    return found | ({section.kernels[PROBE] for section in plan.sections if PROBE in section.kernels} if debug else set())


def _ended(
    request: ExecRequest,
    ready: _Ready,
    office: Office,
    end: EndJob,
    fault: Diagnostic | None,
    code: int,
    found: tuple[Diagnostic, ...],
    seconds: float,
    attention: Attention,
) -> ExitStatus:
    """Leaves the run folder saying how it ended, and tells people."""
    folder = ready.folder
    status: Status = "interrupted" if end.status == "abandoned" else end.status
    _close_state(folder, status, (fault,) if fault else (), None, office)
    views = tuple(office.view(number) for number in range(len(ready.job.plan.sections)))
    lines = tuple(office.lines.values())
    several = request.local and len(ready.job.plan.processes) > 1
    summary = Summary(status, str(folder.path), views, lines, office.step, office.records_s, seconds, office.checkpoint, several)
    request.reporter.end(summary)
    if status in ("finished", "stopped"):
        return ExitStatus(FINE, found, folder.path)
    if status == "interrupted":
        return ExitStatus(SIGNALLED + (attention.signal or signal.SIGINT), found, folder.path)
    return ExitStatus(code, found, folder.path)


def _close_state(
    folder: RunFolder, status: Status, faults: Sequence[Diagnostic], reason: str | None = None, office: Office | None = None
) -> None:
    """What `run.json` says at the end, as far as it can still be written."""
    fault = faults[0] if faults else None
    place = {"section": office.view(office.section).name, "step": office.step} if office else {}
    state = msgspec.structs.replace(
        folder.state,
        status=status,
        ended=now(),
        code=fault.code if fault else None,
        reason=fault.title if fault else reason,
        **place,
    )
    with suppress(StorageFailed):
        folder.set_state(state)
