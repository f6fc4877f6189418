"""What of the language this version checks but cannot run, apart from topologies. Runs nothing and imports no array library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from singalang_compiler.codes.e0492_setting_not_executable import SettingNotExecutable
from singalang_compiler.codes.e0493_schedule_epochs import ScheduleEpochs
from singalang_compiler.epochs import steps_of_epochs
from singalang_compiler.graph import FieldInput
from singalang_compiler.job import Data, Epochs, Job, Train
from singalang_compiler.library.kinds import Configured
from singalang_grammar.diagnostics import Diagnostic


def settings_not_runnable(job: Job) -> Iterator[Diagnostic]:
    """A diagnostic for each setting of a train section that cannot be run."""
    for train in job.trains:
        for name, value, default in _unmet(train):
            yield SettingNotExecutable(name, value, default, train.span).diagnostic()
        if _has_epochs(train.updater.rate) and (data := _data(job, train)) is not None and data.records is None:
            yield ScheduleEpochs(train.updater.rate.name, data.name, train.updater.span, data.span).diagnostic()


def settled_rate(job: Job, train: Train) -> Configured:
    """The schedule of a section with its epochs turned into steps: kernels count steps."""
    data = _data(job, train)
    if data is None or data.records is None or "train" not in data.sources:
        return train.updater.rate
    settled: Configured = _settled(train.updater.rate, data.records, data.sources["train"].rows)
    return settled


def _unmet(train: Train) -> Iterator[tuple[str, str, str]]:
    """Setting, value and the value that can be run."""
    if train.precision == "bf16":
        yield "precision", "bf16", "f32"
    if train.accumulate != 1:
        yield "accumulate", str(train.accumulate), "1"
    if train.average is not None:
        yield "average", f"ema({train.average:g})", "none"
    if train.stop is not None:
        metric, patience = train.stop
        yield "stop", f"patience({metric}, {patience})", "none"


def _data(job: Job, train: Train) -> Data | None:
    """The data section whose records the section counts: the first that its net reads."""
    net = job.nets.get(train.net)
    read = {node.operation.data for node in net.graph.in_order if isinstance(node.operation, FieldInput)} if net else set()
    return next((data for name, data in job.data.items() if name in read), None)


def _has_epochs(value: Any) -> bool:
    match value:
        case Epochs():
            return True
        case Configured():
            return any(_has_epochs(item) for item in value.attributes.values())
        case tuple():
            return any(_has_epochs(item) for item in value)
        case _:
            return False


def _settled(value: Any, records: int, batch: int) -> Any:
    match value:
        case Epochs():
            return steps_of_epochs(value.count, records, batch)
        case Configured():
            attributes: Mapping[str, Any] = {name: _settled(item, records, batch) for name, item in value.attributes.items()}
            return replace(value, attributes=attributes)
        case tuple():
            return tuple(_settled(item, records, batch) for item in value)
        case _:
            return value
