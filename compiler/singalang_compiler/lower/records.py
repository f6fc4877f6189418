"""Settings of a job as records of a plan: sources, data, kinds, steps and periodic actions. Knows no kernel and no array."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from singalang_compiler.job import Data, Epochs, Every, Field, Job, SourceUse, Steps, Train
from singalang_compiler.library.kinds import Configured
from singalang_compiler.plan import (
    Act,
    DataRecord,
    Feed,
    FieldRecord,
    KindRecord,
    Program,
    Run,
    SourceFile,
    SourceRecord,
    StepsRecord,
)
from singalang_grammar.source import Source

Action: TypeAlias = Literal["val", "test", "checkpoint", "log"]


def source_files(job: Job) -> tuple[SourceFile, ...]:
    """The files that were read, each once, in the order of reading."""
    texts = {source.path: source.text for source in job.sources}
    return tuple(SourceFile(path=path, sha256=_sha256(text)) for path, text in texts.items())


def user_files(job: Job) -> dict[str, bytes]:
    """The Python files that hold source kinds of the user, by their names beside the kernels: the runtime needs these alone."""
    texts = {source.path: source for source in job.sources}
    uses = [use.source.kind for data in job.data.values() for use in data.sources.values()]
    return {_file_name(texts[kind.origin]): texts[kind.origin].text.encode() for kind in uses if kind.origin in texts}


def kind_record(configured: Configured, job: Job | None = None) -> KindRecord:
    """A kind with its attributes. With the job given, a user's kind names its file beside the kernels."""
    attributes = {name: plain(value) for name, value in configured.attributes.items()}
    texts = {source.path: source for source in job.sources} if job else {}
    origin = texts.get(configured.kind.origin or "")
    return KindRecord(kind=configured.name, attributes=attributes, file=_file_name(origin) if origin else None)


def data_records(job: Job, double: frozenset[str]) -> tuple[DataRecord, ...]:
    """The data sections that have a source; `double` names those that only sections of 64-bit precision read."""
    return tuple(_data(job, data, name in double) for name, data in job.data.items() if data.sources)


def _data(job: Job, data: Data, double: bool) -> DataRecord:
    return DataRecord(
        name=data.name,
        fields=tuple(_field(field, data.sources, double) for field in data.fields),
        sources={phase: _source(job, use) for phase, use in data.sources.items()},
        records=data.records,
    )


def _source(job: Job, use: SourceUse) -> SourceRecord:
    return SourceRecord(
        source=kind_record(use.source, job),
        batch=use.rows,
        shuffle=use.shuffle,
        random_skip=use.random_skip,
        split=use.split,
    )


def _field(field: Field, sources: Mapping[str, SourceUse], double: bool) -> FieldRecord:
    mean, std = field.mean, field.std
    return FieldRecord(
        name=field.name,
        shape=field.spec.shape,
        dtype=field.spec.dtype,
        classes=field.spec.classes,
        storage=_storage(field, sources, double),
        mean=0.0 if isinstance(mean, str) else float(mean),
        std=1.0 if isinstance(std, str) else float(std),
        mean_file=mean if isinstance(mean, str) else None,
        std_file=std if isinstance(std, str) else None,
    )


def _storage(field: Field, sources: Mapping[str, SourceUse], double: bool) -> str:
    """What the sources agree on, so that one kernel serves all of them; else the widest that any dtype of storage fits in."""
    wanted = {use.source.instance().storage(field.spec) for use in sources.values()}
    agreed = wanted.pop() if len(wanted) == 1 else ("float32" if field.spec.dtype == "float" else "int32")
    return "float64" if agreed == "float32" and double else agreed


def steps_record(steps: Steps) -> StepsRecord:
    """A number of steps or epochs."""
    return StepsRecord(epochs=float(steps.count)) if isinstance(steps, Epochs) else StepsRecord(steps=steps)


def program_of(train: Train, phases: frozenset[str], whole: bool) -> Program:
    """What is done in a train section; `phases` are those with data. At the end there is a last log, test and checkpoint.

    `whole`: one worker does a step by one kernel; the steps of a group stand with its roles.
    """
    step = (Feed(phase="train"), Run(kernel="step")) if whole else ()
    order: tuple[Action, ...] = ("val", "test", "checkpoint", "log")
    acts = tuple(_act(action, train.actions[action]) for action in order if action in train.actions)
    batches = {act.action: act.batches for act in acts}
    last: tuple[Action, ...] = ("test", "checkpoint", "log") if "test" in phases else ("checkpoint", "log")
    end = tuple(Act(action=action, batches=batches.get(action)) for action in last)
    return Program(step=step, acts=acts, end=end)


def _act(action: Action, every: Every) -> Act:
    return Act(action=action, period=steps_record(every.period), after=steps_record(every.after), batches=every.batches)


def plain(value: Any) -> Any:
    """An attribute as JSON has it: a kind as an object, epochs as one too, tuples as lists."""
    match value:
        case Configured():
            return {"kind": value.name, "attributes": {name: plain(item) for name, item in value.attributes.items()}}
        case Epochs():
            return {"epochs": value.count}
        case tuple() | list():
            return [plain(item) for item in value]
        case _:
            return value


def _file_name(source: Source) -> str:
    return f"{_sha256(source.text)}.py"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
