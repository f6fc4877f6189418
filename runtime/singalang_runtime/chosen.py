"""A checkpoint with the plan it belongs to, chosen as `singa test` and `singa predict` do: by run, name or worth. Runs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from singalang_compiler.plan import Plan, SectionRecord
from singalang_grammar.diagnostics import Outcome
from singalang_runtime.checkpoint.manifest import NAME, folder_name
from singalang_runtime.checkpoint.read import Checkpoint, differences, names, read_latest, read_named
from singalang_runtime.codes.e0802_no_run import NoRun
from singalang_runtime.codes.e0807_another_model import AnotherModel
from singalang_runtime.layout import Layout
from singalang_runtime.metrics_file import read_lines
from singalang_runtime.opening import open_plan
from singalang_runtime.run_folder import read_state
from singalang_runtime.runs import find_run


@dataclass(frozen=True)
class Chosen:
    """A checkpoint, the train section that made it, and its run's plan. `data`: the folder of the data that the run had."""

    plan: Plan
    plan_path: Path
    section: SectionRecord
    checkpoint: Checkpoint
    data: Path


def choose(run: str, runs: Path, checkpoint: str | None) -> Outcome[Chosen]:
    """The checkpoint of a run: named by `checkpoint`, or `best`, or the latest (None).

    `run` is the path of a run folder, its name in `runs`, or the path of one checkpoint.
    """
    if (Path(run) / NAME).exists():
        return choose(str(Path(run).absolute().parent.parent), runs, Path(run).absolute().name)
    folder = find_run(run, runs)
    if folder is None:
        return Outcome(None, (NoRun(run).diagnostic(),))
    state, plan = read_state(folder), open_plan(folder / "plan.json")
    if state.value is None or plan.value is None:
        return Outcome(None, (*state.diagnostics, *plan.diagnostics))
    sections = [section.name for section in plan.value.sections]
    wanted = _best(folder, plan.value) if checkpoint == "best" else checkpoint
    read = read_named(folder / "checkpoints", wanted, sections) if wanted else read_latest(folder / "checkpoints", sections)
    if read.value is None:
        return Outcome(None, read.diagnostics)
    section = plan.value.sections[sections.index(read.value.manifest.section)]
    return _fitting(Chosen(plan.value, folder / "plan.json", section, read.value, Path(state.value.data)))


def judge(section: SectionRecord) -> str:
    """The metric that says which of two checkpoints is better: the first that is not the loss, else the loss."""
    return next((metric for metric in section.metrics if metric != "loss"), "loss")


def _fitting(chosen: Chosen) -> Outcome[Chosen]:
    layout = Layout.of(chosen.plan, chosen.section)
    wanted = {key: shape for key, shape in layout.shapes.items() if not key.startswith("slots/")}
    found = differences(wanted, str(layout.dtype), chosen.checkpoint.tensors)
    path = str(chosen.checkpoint.path)
    return Outcome(None, (AnotherModel(path, found).diagnostic(),)) if found else Outcome(chosen)


def _best(folder: Path, plan: Plan) -> str | None:
    """The checkpoint of the last section whose validation, else test, was best; None where nothing tells: then the latest."""
    section = plan.sections[-1]
    sections = [one.name for one in plan.sections]
    known = set(names(folder / "checkpoints", sections))
    metric = judge(section)
    sign = 1 if section.metric_better.get(metric, "lower") == "higher" else -1
    lines = [line for line in read_lines(folder / "metrics.jsonl") if line.train == section.name]
    for phase in ("val", "test"):
        scored = [
            (sign * value, line.step, folder_name(sections, section.name, line.step))
            for line in lines
            for name, value in line.metrics
            if line.phase == phase and name == metric and folder_name(sections, section.name, line.step) in known
        ]
        if scored:
            return max(scored)[2]
    return None
