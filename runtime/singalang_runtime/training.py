"""One train section on the device: its buffers and kernels, the hot loop, evaluation. Knows no state machine and no file."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np

from singalang_compiler.keys import parameter_key, training_key
from singalang_compiler.plan import Plan, SectionRecord
from singalang_runtime.binding import Load, bind
from singalang_runtime.evaluator import Evaluator, Watch, measures_of, without_slots
from singalang_runtime.feed.feed import Feed
from singalang_runtime.kernels import put
from singalang_runtime.layout import Array, Layout
from singalang_runtime.protocol.events import Measure, Phase
from singalang_runtime.protocol.schedule import Schedule


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
        self._key = put(np.array(training_key(section.seed, section.name), np.uint32))
        self._begun: tuple[int, float] | None = None
        self._single = bind(plan, section.kernels["step"], ("step", "key"), feed, load)
        self._several = bind(plan, section.kernels.get("steps", section.kernels["step"]), ("step", "key"), feed, load)
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
        dtype = self.layout.dtype
        tensors = {key: known[key] for key in self.layout.shapes if key in known and not key.startswith("slots/")}
        for state in self.section.states:
            tensors.setdefault(f"state/{state.name}", np.full(state.shape, state.initial, dtype))
        records = {parameter.name: parameter for parameter in self.plan.parameters}
        for name in self.section.parameter_names:
            if f"parameters/{name}" not in tensors:
                key = np.array(parameter_key(self.section.seed, name), np.uint32)
                (values,) = self._load(records[name].init_kernel)(key)
                tensors[f"parameters/{name}"] = np.asarray(values)
        self._place(tensors, np.zeros(self._metrics_shape), np.zeros(self._metrics_shape), 0)

    def restore(self, tensors: Mapping[str, Array], step: int) -> None:
        """Goes on from the tensors of a checkpoint."""
        self._place(tensors, tensors["metrics/sums"], tensors["metrics/totals"], step)

    def run(self, stop: int, watch: Watch) -> int:
        """Runs steps up to `stop`, or to the end of the dispatch in which somebody asks; returns how many steps are done.

        Nothing is read from the device: it works on while the next batches are made.
        """
        first = self.step
        single, several, key, clock = self._single, self._several, self._key, perf_counter
        fixed, one, many, buffers = single.fixed, single.kernel.call, several.kernel.call, self._buffers
        picks = single.picks
        dispatches = [(start, None if count == 1 else count) for start, count in self.schedule.dispatches(first, stop)]
        numbers = np.arange(first, stop, dtype=np.int32)
        self._begun = (first, clock())
        with self.feed.phases["train"].stream(dispatches) as batches:
            for (start, count), fields in zip(dispatches, batches, strict=True):
                if picks is not None:
                    fields = single.pick(fields)
                if count is None:
                    buffers = one(*buffers, numbers[start - first], key, *fields, *fixed)
                else:
                    buffers = many(*buffers, numbers[start - first], key, *fields, *fixed)
                if watch.asked or clock() >= watch.at:
                    self._buffers, self.step = buffers, start + (count or 1)
                    watch.look()
                    if watch.asked:
                        return self.step
        self._buffers, self.step = buffers, stop
        return stop

    def gather(self) -> None:
        """Adds what lies on the device to the totals, and begins new sums there. Waits for the device."""
        self.totals = self.totals + np.asarray(self._buffers[-1], np.float64)
        if self._begun is not None:
            first, begun = self._begun
            self.timed.append((self.step - first, perf_counter() - begun))
            self._seconds += self.timed[-1][1]
            self._begun = None
        self._buffers = (*self._buffers[:-1], put(np.zeros_like(self._buffers[-1])))

    def measures(self) -> tuple[Measure, ...]:
        """What was measured since `read`, the sums on the device included. Waits for the device."""
        return measures_of(self.section, self.totals + np.asarray(self._buffers[-1], np.float64))

    def read(self) -> tuple[Measure, ...]:
        """What was measured since the last time; begins new totals."""
        found = self.measures()
        self.gather()
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
        dtype = next(argument.dtype for argument in self._single.kernel.record.inputs if argument.name == "metrics")
        arrays = [put(array) for array in self.layout.join(tensors)]
        self._buffers = (*arrays, put(np.asarray(sums, dtype)))
        self.totals, self.step = np.array(totals, np.float64), step
