"""A run folder: what a run leaves on the disk, and who may write to it. Knows no kernel and no state machine."""

from __future__ import annotations

import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from singalang_compiler.plan import Plan
from singalang_grammar.diagnostics import Outcome
from singalang_runtime.codes.e0801_run_in_use import RunInUse
from singalang_runtime.codes.e0802_no_run import NoRun
from singalang_runtime.codes.e0803_run_exists import RunExists
from singalang_runtime.codes.e0810_run_damaged import RunDamaged
from singalang_runtime.lock import Lock, is_held
from singalang_runtime.metrics_file import MetricsFile
from singalang_runtime.plan_files import copy_plan
from singalang_runtime.storage import StorageFailed, write_whole, writing

Status: TypeAlias = Literal["running", "finished", "stopped", "interrupted", "failed"]


class RunState(msgspec.Struct, frozen=True, kw_only=True):
    """What `run.json` says of a run. `data`: the folder of the data, as it was given. Times are UTC, ISO 8601."""

    job: str
    status: Status
    pid: int
    started: str
    ended: str | None = None
    section: str | None = None
    step: int = 0
    code: str | None = None  # of the diagnostic that ended it
    reason: str | None = None
    data: str = "."
    resumed: int = 0  # how often


class RunFolder:
    """An open run folder. Whoever holds it is the only one to write to it, until `close`."""

    def __init__(self, path: Path, lock: Lock, state: RunState) -> None:
        self.path = path
        self.state = state
        self._lock = lock
        self.metrics = MetricsFile(path / "metrics.jsonl")

    @property
    def plan(self) -> Path:
        """The run's copy of the plan."""
        return self.path / "plan.json"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    def set_state(self, state: RunState) -> None:
        """Writes what `run.json` says. Raises StorageFailed."""
        self.state = state
        with writing(self.path / "run.json", "the run's state"):
            write_whole(self.path / "run.json", _json(state))

    def write(self, name: str, record: object) -> None:
        """Writes a record as a JSON file. Raises StorageFailed."""
        with writing(self.path / name, f"`{name}`"):
            write_whole(self.path / name, _json(record))

    def close(self) -> None:
        """Lets others have the folder."""
        self.metrics.close()
        self._lock.release()


def now() -> str:
    """The time, for people."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def create(path: Path, plan_path: Path, plan: Plan, data: str) -> Outcome[RunFolder]:
    """A new run folder at `path`, which must be empty or not there, with a copy of the plan and its kernels."""
    lock = None
    try:
        with writing(path, "a run folder"):
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                return Outcome(None, (RunExists(str(path), (path / "run.json").exists()).diagnostic(),))
            lock = Lock.take(path / "lock")
            if lock is None:
                return Outcome(None, (RunInUse(str(path), None).diagnostic(),))
            copy_plan(plan, plan_path, path / "plan.json")
            (path / "checkpoints").mkdir()
        run = RunFolder(path, lock, RunState(job=plan.name, status="running", pid=os.getpid(), started=now(), data=data))
        run.set_state(run.state)
    except StorageFailed as failure:
        if lock is not None:
            lock.release()
            shutil.rmtree(path, ignore_errors=True)  # nothing but what was just written
        return Outcome(None, (failure.diagnostic,))
    return Outcome(run)


def create_next(runs: Path, plan_path: Path, plan: Plan, data: str) -> Outcome[RunFolder]:
    """A new run folder `<job>-<n>` in `runs`, with the first free number."""
    number = max((found for found, _ in numbered(runs, plan.name)), default=0) + 1
    while (runs / f"{plan.name}-{number}").exists():
        number += 1
    return create(runs / f"{plan.name}-{number}", plan_path, plan, data)


def numbered(runs: Path, job: str) -> list[tuple[int, Path]]:
    """The run folders of a job in `runs`, with their numbers, in order."""
    form = re.compile(re.escape(job) + r"-(\d+)")
    found = ((form.fullmatch(path.name), path) for path in (runs.iterdir() if runs.is_dir() else ()))
    return sorted((int(match[1]), path) for match, path in found if match and (path / "run.json").exists())


def reopen(path: Path) -> Outcome[RunFolder]:
    """The run folder at `path`, to go on with its run."""
    read = read_state(path)
    if read.value is None:
        return Outcome(None, read.diagnostics)
    try:
        with writing(path, "the run folder"):
            lock = Lock.take(path / "lock")
        if lock is None:
            return Outcome(None, (RunInUse(str(path), read.value.pid).diagnostic(),))
        with writing(path, "the run folder"):
            _clean(path)
        run = RunFolder(path, lock, read.value)
    except StorageFailed as failure:
        return Outcome(None, (failure.diagnostic,))
    return Outcome(run)


def read_state(path: Path) -> Outcome[RunState]:
    """What a run folder says of its run."""
    try:
        return Outcome(msgspec.json.decode((path / "run.json").read_bytes(), type=RunState))
    except (FileNotFoundError, NotADirectoryError):
        return Outcome(None, (NoRun(str(path)).diagnostic(),))
    except (msgspec.DecodeError, OSError) as failure:
        return Outcome(None, (RunDamaged(str(path / "run.json"), str(failure)).diagnostic(),))


def is_running(path: Path) -> bool:
    """Whether a process holds the run folder."""
    return is_held(path / "lock")


def _clean(path: Path) -> None:
    """Removes what a killed process left half written, and puts back what it was about to replace."""
    for folder in (path, path / "checkpoints"):
        for left in sorted(folder.glob(".*")):
            whole = left.with_name(left.name.removeprefix(".").removesuffix(".old"))
            if left.name.endswith(".old") and not whole.exists():
                left.rename(whole)
            elif left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _json(record: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"
