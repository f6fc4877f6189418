"""Kernels bound to a feed: which of a batch's arrays each takes, and what never changes. Knows no step and no metric."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.plan import Argument, Plan
from singalang_grammar.diagnostics import CompilerBug
from singalang_runtime.feed.feed import Feed
from singalang_runtime.kernels import Kernel, put
from singalang_runtime.layout import Array

Load: TypeAlias = Callable[[str], Kernel]
"""Loads a kernel by its key in the plan."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A kernel, where its batch's arrays stand among the feed's, and the arrays that never change (means, deviations)."""

    kernel: Kernel
    picks: tuple[int, ...] | None  # None: all, in order
    fixed: tuple[Any, ...]

    def pick(self, arrays: tuple[Array, ...]) -> tuple[Array, ...]:
        """The arrays that the kernel takes."""
        return arrays if self.picks is None else tuple([arrays[place] for place in self.picks])

    def warm_up(self) -> None:
        """Compiles the kernel, by running it once on zeros given as they will be given later."""
        for result in self.kernel(*(_zeros(argument) for argument in self.kernel.record.inputs)):
            np.asarray(result)


def bind(plan: Plan, key: str, scalars: tuple[str, ...], feed: Feed, load: Load) -> Bound:
    """A kernel that takes buffers, then `scalars`, fields and means. Checks that it does."""
    record = plan.kernels[key]
    tail = [argument.name for argument in record.inputs if not _is_buffer(argument)]
    fields = [name.removeprefix("field/") for name in tail if name.startswith("field/")]
    fixed = [argument for argument in record.inputs if argument.name.startswith(("mean/", "std/"))]
    promised = [*scalars, *(f"field/{name}" for name in fields), *(argument.name for argument in fixed)]
    if tail != promised or any(name not in feed.names for name in fields):
        raise CompilerBug(f"kernel {key} ({record.role}) takes {', '.join(tail)}: not what the runtime gives")
    picks = tuple(feed.names.index(name) for name in fields)
    whole = picks == tuple(range(len(feed.names)))
    return Bound(load(key), None if whole else picks, tuple(statistic(argument.name, argument, feed) for argument in fixed))


def statistic(kind: str, argument: Argument, feed: Feed) -> Any:
    """The mean or deviation of a field (`mean/data.field`, `std/data.field`) from a file, on the device, as a kernel takes it."""
    of, _, name = kind.partition("/")
    statistic = feed.statistics[name]
    values = statistic.mean if of == "mean" else statistic.std
    assert values is not None, f"no {of} of {name} was read"
    return put(np.asarray(values, argument.dtype).reshape(argument.shape))


def _is_buffer(argument: Argument) -> bool:
    return argument.name == "metrics" or argument.name.startswith(("parameters/", "slots/", "state/"))


def _zeros(argument: Argument) -> Any:
    zeros = np.zeros(argument.shape, argument.dtype)
    on_host = argument.name in ("step", "weights") or argument.name.startswith("field/")
    return (zeros[()] if argument.shape == () else zeros) if on_host else put(zeros)
