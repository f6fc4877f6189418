"""One train section on the device: its buffers and kernels, the hot loop, evaluation. Knows no state machine and no file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.keys import training_key
from singalang_compiler.plan import Plan, SectionRecord
from singalang_runtime.binding import Load, bind
from singalang_runtime.evaluator import Evaluator, Watch, measures_of, without_slots
from singalang_runtime.feed.faults import BrokenData
from singalang_runtime.feed.feed import Feed
from singalang_runtime.first_tensors import FirstTensors
from singalang_runtime.kernels import put
from singalang_runtime.layout import Array, Layout
from singalang_runtime.protocol.events import Measure, Phase
from singalang_runtime.protocol.schedule import Schedule

Dispatched: TypeAlias = tuple[tuple[int, int | None], tuple[Array, ...]]
"""A first step and a number of steps (None: one, without an axis for them), with the arrays of their batches."""
_NO_MORE: Dispatched = ((0, None), ())


class Training:
    """A section's parameters, slots, state and metrics on the device, and what may be done with them.

    `totals`, (metrics, 2) in 64 bits, are weighted sums and weights since they were last read, without what still lies on
    the device. `timed`: (steps, seconds) of every stretch of steps.
    """

    def __init__(self, plan: Plan, section: SectionRecord, feed: Feed, schedule: Schedule, load: Load) -> None:
        self.plan, self.section, self.feed, self.schedule = plan, section, feed, schedule
        self.layout = Layout.of(plan, section)
        self.step = 0
        self.totals = np.zeros((len(section.metrics), 2))
        self.timed: list[tuple[int, float]] = []
        self._seconds = 0.0
        self._load = load
        self._buffers: tuple[Any, ...] = ()
        self._reading = ExitStack()
        self._batches: Iterator[Dispatched] | None = None
        self._ahead: Dispatched | None = None  # made, and not yet handed over
        self._key = put(np.array(training_key(section.seed, section.name), np.uint32))
        self._begun: tuple[int, float] | None = None
        self._single = bind(plan, section.kernels["step"], ("step", "key"), feed, load)
        self._several = bind(plan, section.kernels.get("steps", section.kernels["step"]), ("step", "key"), feed, load)
        metrics = next(argument for argument in self._single.kernel.record.inputs if argument.name == "metrics")
        self._no_sums = np.zeros(metrics.shape, metrics.dtype)
        phases = [phase for phase in ("val", "test") if f"evaluate/{phase}" in section.kernels]
        self._evaluators = {phase: Evaluator(plan, section, phase, feed, load) for phase in phases}

    def warm_up(self) -> float:
        """Compiles the kernels, by running each once on zeros; returns the seconds it took. The buffers need not be there yet."""
        begun = perf_counter()
        for bound in (self._single, self._several, *(evaluator.bound for evaluator in self._evaluators.values())):
            bound.warm_up()
        return perf_counter() - begun

    def initialise(self, known: Mapping[str, Array]) -> None:
        """Begins the section: parameters and state from `known`, by key, the others from their initialisers; slots 0."""
        tensors = first_tensors(self.plan, self.section, self.layout, known, self._load)
        self._place(tensors, np.zeros(self._metrics_shape), np.zeros(self._metrics_shape), 0)

    def restore(self, tensors: Mapping[str, Array], step: int) -> None:
        """Goes on from the tensors of a checkpoint."""
        self._place(tensors, tensors["metrics/sums"], tensors["metrics/totals"], step)

    def run(self, stop: int, watch: Watch) -> int:
        """Runs steps up to `stop`, or to the end of the dispatch in which somebody asks; returns how many steps are done.

        Nothing is read from the device: it works on while the next batch is made, the first one after `stop` included.
        """
        one, many, fixed, pick = self._single.kernel.call, self._several.kernel.call, self._single.fixed, self._single.pick
        everything, key, clock, number = self._single.picks is None, self._key, perf_counter, np.int32
        buffers, step = self._buffers, self.step
        self._begun = (step, clock())
        batches = self._batches or self._stream(step)
        ahead = self._ahead or next(batches)
        while step < stop:
            (start, count), fields = ahead
            if not everything:
                fields = pick(fields)
            if count is None:
                buffers = one(*buffers, number(start), key, *fields, *fixed)
                step = start + 1
            else:
                buffers = many(*buffers, number(start), key, *fields, *fixed)
                step = start + count
            self._buffers, self.step = buffers, step
            try:
                ahead = next(batches, _NO_MORE)
            except BrokenData:  # beyond `stop` it is told of when it is wanted
                if step < stop:
                    raise
                self.close()
                ahead = _NO_MORE
            if watch.asked or clock() >= watch.at:
                watch.look()
                if watch.asked:
                    break
        self._ahead = None if ahead is _NO_MORE else ahead
        return step

    def close(self) -> None:
        """Stops reading ahead; may be called again."""
        self._reading.close()
        self._batches, self._ahead = None, None

    def _stream(self, first: int) -> Iterator[Dispatched]:
        """The dispatches from a step on, each with its batches."""
        self.close()
        stream = self.feed.phases["train"].stream(self._dispatches(first))  # may be read in another thread
        self._batches = zip(self._dispatches(first), self._reading.enter_context(stream), strict=True)
        return self._batches

    def _dispatches(self, first: int) -> Iterator[tuple[int, int | None]]:
        for start, count in self.schedule.dispatches(first, self.schedule.steps):
            yield start, None if count == 1 else count

    def gather(self) -> None:
        """Adds what lies on the device to the totals, and begins new sums there. Waits for the device."""
        nothing = put(self._no_sums)  # before the wait, so that the device need not wait for it
        self.totals = self.totals + np.asarray(self._buffers[-1], np.float64)
        self._buffers = (*self._buffers[:-1], nothing)
        if self._begun is not None:
            first, begun = self._begun
            self.timed.append((self.step - first, perf_counter() - begun))
            self._seconds += self.timed[-1][1]
            self._begun = None

    def gathered(self) -> tuple[Measure, ...]:
        """What was measured since `read`, as far as it was gathered. Waits for nothing."""
        return measures_of(self.section, self.totals)

    def measures(self) -> tuple[Measure, ...]:
        """What was measured since `read`, the sums on the device included. Waits for the device."""
        return measures_of(self.section, self.totals + np.asarray(self._buffers[-1], np.float64))

    def read(self) -> tuple[Measure, ...]:
        """What was gathered since the last time; begins new totals."""
        found = self.gathered()
        self.totals = np.zeros(self._metrics_shape)
        return found

    def evaluate(self, phase: Phase, batches: int | None, watch: Watch) -> tuple[Measure, ...] | None:
        """Measures the net on the source of a phase; None where somebody asked to stop."""
        return self._evaluators[phase].measure(without_slots(self.section, self._buffers), batches, watch)

    def tensors(self) -> dict[str, Array]:
        """Every tensor by key, and the metrics so far: what a checkpoint holds. Views; let go of them before the next step."""
        found = self.layout.split([np.asarray(buffer) for buffer in self._buffers[:-1]])
        return found | {"metrics/sums": np.asarray(self._buffers[-1]), "metrics/totals": self.totals}

    def learned(self) -> dict[str, Array]:
        """Parameters and state, copied from the device: what the next section takes over."""
        return {key: np.array(tensor) for key, tensor in self.tensors().items() if key.startswith(("parameters/", "state/"))}

    @property
    def seconds(self) -> float:
        """Seconds spent in steps, those that are being done included."""
        running = perf_counter() - self._begun[1] if self._begun else 0.0
        return self._seconds + running

    @property
    def _metrics_shape(self) -> tuple[int, int]:
        return (len(self.section.metrics), 2)

    def _place(self, tensors: Mapping[str, Array], sums: Array, totals: Array, step: int) -> None:
        self.close()
        arrays = [put(array) for array in self.layout.join(tensors)]
        self._buffers = (*arrays, put(np.asarray(sums, self._no_sums.dtype)))
        self.totals, self.step = np.array(totals, np.float64), step


def first_tensors(plan: Plan, section: SectionRecord, layout: Layout, known: Mapping[str, Array], load: Load) -> dict[str, Array]:
    """The parameters and state with which a section begins, by key: those that are `known`, the others from their initialisers."""
    return dict(FirstTensors(plan, section, layout, known, load))
