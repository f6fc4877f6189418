"""Measures a net on the source of a phase. Knows no step, no file and no state machine."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from singalang_compiler.keys import key_of
from singalang_compiler.plan import Plan, SectionRecord
from singalang_runtime.binding import Load, bind
from singalang_runtime.feed.feed import Feed
from singalang_runtime.kernels import put
from singalang_runtime.layout import Array, Layout
from singalang_runtime.protocol.events import Measure
from singalang_runtime.protocol.schedule import GATHER_STEPS


class Watch(Protocol):
    """Looks up from a loop: `asked` says that somebody wants it to stop, `at` (of `perf_counter`) when to call `look`."""

    asked: bool
    at: float

    def look(self) -> None:
        """Does what is due, and sets `at` anew."""


class Evaluator:
    """The evaluation of a train section's net in one phase."""

    def __init__(self, plan: Plan, section: SectionRecord, phase: str, feed: Feed, load: Load) -> None:
        self.bound = bind(plan, section.kernels[f"evaluate/{phase}"], ("key", "weights"), feed, load)
        self._section, self._batches, self._layout = section, feed.phases[phase], Layout.of(plan, section)
        self._key = put(np.array(key_of(f"{section.seed}:{phase}:{section.name}"), np.uint32))
        self._weights, self._metrics = (
            next(own for own in self.bound.kernel.record.inputs if own.name == name) for name in ("weights", "metrics")
        )

    def measure(self, buffers: tuple[Any, ...], batches: int | None, watch: Watch) -> tuple[Measure, ...] | None:
        """Metrics over the whole source or so many batches, given the parameter and state buffers. None: asked to stop."""
        call, fixed, nothing = self.bound.kernel.call, self.bound.fixed, np.zeros(self._metrics.shape, self._metrics.dtype)
        totals, sums = np.zeros(self._metrics.shape), put(nothing)
        for number, batch in enumerate(self._batches.evaluate(batches), 1):
            weights = batch.weights.astype(self._weights.dtype, copy=False)
            (sums,) = call(*buffers, sums, self._key, weights, *self.bound.pick(batch.arrays), *fixed)
            if number % GATHER_STEPS == 0:
                totals, sums = totals + np.asarray(sums, np.float64), put(nothing)
            if watch.asked or perf_counter() >= watch.at:
                watch.look()
                if watch.asked:
                    return None
        return measures_of(self._section, totals + np.asarray(sums, np.float64))

    def measure_tensors(self, tensors: Mapping[str, Array], batches: int | None, watch: Watch) -> tuple[Measure, ...] | None:
        """The same, given tensors by key."""
        arrays = self._layout.join(tensors)
        return self.measure(tuple(put(array) for array in without_slots(self._section, arrays)), batches, watch)


def without_slots(section: SectionRecord, buffers: Any) -> tuple[Any, ...]:
    """Of a section's buffers those of parameters and state."""
    parameters, slots, state = len(section.parameters), len(section.slots), len(section.state)
    return (*buffers[:parameters], *buffers[parameters + slots : parameters + slots + state])


def measures_of(section: SectionRecord, totals: Array) -> tuple[Measure, ...]:
    """Rows of metrics, (metrics, 2), with their names."""
    return tuple(Measure(name, float(total), float(weight)) for name, (total, weight) in zip(section.metrics, totals, strict=True))
