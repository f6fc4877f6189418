"""Settings that the language has and this version does not run; and epochs, where they become steps."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from singalang_compiler.epochs import steps_of_epochs
from singalang_compiler.job import Epochs
from singalang_compiler.machine import Machine
from singalang_compiler.partition.partition import partition
from singalang_compiler.place.place import place
from singalang_compiler.runnable import settings_not_runnable, settled_rate
from tests.compiler.lower.jobs import job, kind, mlp


@pytest.mark.parametrize(
    ("setting", "value", "title"),
    [
        ("precision", "bf16", "`precision = bf16` is not executable yet"),
        ("accumulate", 4, "`accumulate = 4` is not executable yet"),
        ("average", 0.999, "`average = ema(0.999)` is not executable yet"),
        ("stop", ("accuracy", 5), "`stop = patience(accuracy, 5)` is not executable yet"),
    ],
)
def test_a_setting_that_cannot_be_run_is_named(setting: str, value: object, title: str) -> None:
    shaped = job(mlp()).shaped
    train = replace(shaped.job.trains[0], **{setting: value})
    other = replace(shaped, job=replace(shaped.job, trains=(train,)))
    cut = partition(other, Machine()).value
    assert cut is not None
    assert [(found.code, found.title) for found in place(cut, True, Machine()).diagnostics] == [("E0492", title)]
    assert not place(cut, False, Machine()).diagnostics


def test_a_schedule_in_epochs_needs_the_number_of_records() -> None:
    rate = kind("schedules", "step", base=0.1, gamma=0.5, every=Epochs(2.0))
    whole = job(mlp()).shaped.job
    train = replace(whole.trains[0], updater=replace(whole.trains[0].updater, rate=rate))
    unknown = replace(whole, trains=(train,))
    assert [found.code for found in settings_not_runnable(unknown)] == ["E0493"]
    known = replace(unknown, data={"d": replace(whole.data["d"], records=10)})
    assert not list(settings_not_runnable(known))
    assert settled_rate(known, train).attributes["every"] == 5  # two epochs of ten records, four a batch


@pytest.mark.parametrize(
    ("epochs", "records", "batch", "steps"), [(1.0, 8, 4, 2), (1.0, 9, 4, 3), (2.0, 9, 4, 5), (0.1, 30, 1, 3), (0.5, 1, 64, 1)]
)
def test_epochs_are_rounded_up_and_taken_as_written(epochs: float, records: int, batch: int, steps: int) -> None:
    assert steps_of_epochs(epochs, records, batch) == steps
