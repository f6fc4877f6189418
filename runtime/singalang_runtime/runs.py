"""`singa runs`: which runs there are, and what became of each. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from singalang_compiler.plan import Plan
from singalang_grammar.diagnostics import Outcome
from singalang_runtime.checkpoint.read import names
from singalang_runtime.codes.e0802_no_run import NoRun
from singalang_runtime.metrics_file import Line, read_lines
from singalang_runtime.plan_files import read_plan
from singalang_runtime.run_folder import RunState, is_running, read_state


@dataclass(frozen=True, slots=True)
class RunView:
    """A run for people. `status`: that of its state, or `killed` where it says `running` and no process holds the folder.

    `lines`: the last measurement of each train section and phase. `percent`: metrics that people read as percentages.
    """

    path: Path
    state: RunState
    status: str
    lines: tuple[Line, ...]
    percent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunDetails:
    """A run with its plan and the names of its checkpoints."""

    view: RunView
    plan: Plan
    checkpoints: tuple[str, ...]


def list_runs(runs: Path) -> tuple[RunView, ...]:
    """The runs in a folder, the oldest first. Folders that hold no run are passed over."""
    states = ((path, read_state(path).value) for path in (sorted(runs.iterdir()) if runs.is_dir() else ()))
    views = (_view(path, state) for path, state in states if state is not None)
    return tuple(sorted(views, key=lambda view: (view.state.started, _numeral(view.path.name))))


def latest_run(runs: Path, job: str | None) -> Path | None:
    """The run of a job that began last, or of any job."""
    found = [view.path for view in list_runs(runs) if job is None or view.state.job == job]
    return found[-1] if found else None


def show_run(run: str, runs: Path) -> Outcome[RunDetails]:
    """A run, named by its folder's path or by its name in `runs`."""
    path = find_run(run, runs)
    if path is None:
        return Outcome(None, (NoRun(run).diagnostic(),))
    state = read_state(path)
    if state.value is None:
        return Outcome(None, state.diagnostics)
    plan = read_plan(path / "plan.json")
    if plan.value is None:
        return Outcome(None, plan.diagnostics)
    checkpoints = names(path / "checkpoints", [section.name for section in plan.value.sections])
    return Outcome(RunDetails(_view(path, state.value), plan.value, tuple(checkpoints)))


def find_run(run: str, runs: Path) -> Path | None:
    """The folder of a run, given its path or its name in `runs`."""
    return next((path for path in (Path(run), runs / run) if (path / "run.json").exists()), None)


def _view(path: Path, state: RunState) -> RunView:
    status = "killed" if state.status == "running" and not is_running(path) else state.status
    last = {(line.train, line.phase): line for line in read_lines(path / "metrics.jsonl")}
    plan = read_plan(path / "plan.json").value
    percent = {name: None for section in plan.sections for name in section.metric_percent} if plan else {}
    return RunView(path, state, status, tuple(last.values()), tuple(percent))


def _numeral(name: str) -> tuple[str, int]:
    stem, _, number = name.rpartition("-")
    return (stem, int(number)) if number.isdigit() else (name, 0)
