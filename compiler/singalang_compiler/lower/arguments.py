"""The arguments of a section's kernels, group by group: the calling convention that the runtime follows."""

from __future__ import annotations

from collections.abc import Sequence

from singalang_compiler.lower.section import Section
from singalang_compiler.plan import Argument
from singalang_compiler.plan_group import BufferRecord

METRICS = "metrics"
"""Name of the array that metrics are added up in: a row for each, columns weighted sum and weight."""


def parameters(section: Section, donated: bool) -> tuple[Argument, ...]:
    """The parameter buffers."""
    return _buffers(section.parameters, section.dtype, donated)


def slots(section: Section) -> tuple[Argument, ...]:
    """The buffers of the updater's slots, slot after slot."""
    return tuple(argument for buffers in section.slots.values() for argument in _buffers(buffers, section.dtype, True))


def state(section: Section, donated: bool) -> tuple[Argument, ...]:
    """The buffers of the layers' state."""
    return _buffers(section.state, section.dtype, donated)


def metrics(section: Section) -> tuple[Argument, ...]:
    """The rows of metrics, added to."""
    return (Argument(name=METRICS, dtype=section.dtype, shape=(len(section.rows), 2), donated=True),)


def step() -> tuple[Argument, ...]:
    """The number of updates done."""
    return (Argument(name="step", dtype="int32", shape=()),)


def key() -> tuple[Argument, ...]:
    """The two numbers that random draws begin with."""
    return (Argument(name="key", dtype="uint32", shape=(2,)),)


def weights(section: Section, phase: str) -> tuple[Argument, ...]:
    """The weights of the batch's records."""
    return (Argument(name="weights", dtype=section.dtype, shape=(section.batch(phase),)),)


def fields(section: Section, phase: str, count: int | None = None) -> tuple[Argument, ...]:
    """The fields of a batch, or of `count` batches, as they are stored."""
    leading = (section.batch(phase),) if count is None else (count, section.batch(phase))
    return tuple(
        Argument(name=f"field/{name}", dtype=field.storage, shape=leading + field.shape) for name, field in section.fields(phase)
    )


def normalisers(section: Section, phase: str) -> tuple[Argument, ...]:
    """The means and standard deviations that lie in files: one record each."""
    read = [(name, field) for name, field in section.fields(phase) if field.dtype == "float"]
    means = [Argument(name=f"mean/{name}", dtype=section.dtype, shape=field.shape) for name, field in read if field.mean_file]
    stds = [Argument(name=f"std/{name}", dtype=section.dtype, shape=field.shape) for name, field in read if field.std_file]
    return (*means, *stds)


def _buffers(buffers: Sequence[BufferRecord], dtype: str, donated: bool) -> tuple[Argument, ...]:
    return tuple(Argument(name=buffer.name, dtype=dtype, shape=(buffer.size,), donated=donated) for buffer in buffers)
