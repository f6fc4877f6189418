"""One train section on the device: its buffers and kernels, the hot loop, evaluation. Knows no state machine and no file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol, TypeAlias

import numpy as np

from singalang_compiler.keys import key_of, parameter_key, training_key
from singalang_compiler.plan import Argument, Plan, SectionRecord
from singalang_grammar.diagnostics import CompilerBug
from singalang_runtime.feed.feed import Feed
from singalang_runtime.kernels import Kernel, put
from singalang_runtime.layout import Layout
from singalang_runtime.protocol.events import Measure, Phase
from singalang_runtime.protocol.schedule import GATHER_STEPS, Schedule

Array: TypeAlias = np.ndarray[Any, Any]
Load: TypeAlias = Callable[[str], Kernel]
"""Loads a kernel by its key in the plan."""


class Watch(Protocol):
    """Looks up from the loop: `asked` says that somebody wants it to stop, `at` when `look` wants to be called again."""

    asked: bool
    at: float

    def look(self) -> None:
        """Does what is due, and sets `at` anew."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A kernel with where its batch's arrays stand in the feed's and the arrays that never change (means, deviations)."""

    kernel: Kernel
    picks: tuple[int, ...] | None  # None: all, in order
    fixed: tuple[Any, ...]

    def pick(self, arrays: tuple[Array, ...]) -> tuple[Array, ...]:
        """The arrays that the kernel takes."""
        return arrays if self.picks is None else tuple([arrays[place] for place in self.picks])


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
        single = self._bind(section.kernels["step"], ("step", "key"))
        self._single = single
        self._several = self._bind(section.kernels["steps"], ("step", "key")) if "steps" in section.kernels else single
        self._evaluators = {
            phase: self._bind(section.kernels[f"evaluate/{phase}"], ("key", "weights"))
            for phase in ("val", "test")
            if f"evaluate/{phase}" in section.kernels
        }

    def warm_up(self) -> float:
        """Compiles the kernels, by running each once on zeros; returns the seconds it took. The buffers need not be there yet."""
        begun = perf_counter()
        for bound in dict.fromkeys((self._single.kernel, self._several.kernel, *(b.kernel for b in self._evaluators.values()))):
            for result in bound(*(self._zeros(argument) for argument in bound.record.inputs)):
                np.asarray(result)
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
        return self._measures(self.totals + np.asarray(self._buffers[-1], np.float64))

    def read(self) -> tuple[Measure, ...]:
        """What was measured since the last time; begins new totals."""
        found = self.measures()
        self.gather()
        self.totals = np.zeros(self._metrics_shape)
        return found

    def evaluate(self, phase: Phase, batches: int | None, watch: Watch) -> tuple[Measure, ...] | None:
        """Measures the net on the source of a phase; None where somebody asked to stop."""
        bound = self._evaluators[phase]
        parameters, slots = len(self.section.parameters), len(self.section.slots)
        arrays = (*self._buffers[:parameters], *self._buffers[parameters + slots : -1])
        key = put(np.array(key_of(f"{self.section.seed}:{phase}:{self.section.name}"), np.uint32))
        nothing, dtype = np.zeros_like(self._buffers[-1]), self.layout.dtype
        totals, sums = np.zeros(self._metrics_shape), put(nothing)
        for number, batch in enumerate(self.feed.phases[phase].evaluate(batches), 1):
            weights = batch.weights.astype(dtype, copy=False)
            (sums,) = bound.kernel.call(*arrays, sums, key, weights, *bound.pick(batch.arrays), *bound.fixed)
            if number % GATHER_STEPS == 0:
                totals, sums = totals + np.asarray(sums, np.float64), put(nothing)
            if watch.asked or perf_counter() >= watch.at:
                watch.look()
                if watch.asked:
                    return None
        return self._measures(totals + np.asarray(sums, np.float64))

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

    def _measures(self, totals: Array) -> tuple[Measure, ...]:
        return tuple(
            Measure(name, float(total), float(weight)) for name, (total, weight) in zip(self.section.metrics, totals, strict=True)
        )

    def _place(self, tensors: Mapping[str, Array], sums: Array, totals: Array, step: int) -> None:
        dtype = next(argument.dtype for argument in self._single.kernel.record.inputs if argument.name == "metrics")
        arrays = [put(array) for array in self.layout.join(tensors)]
        self._buffers = (*arrays, put(np.asarray(sums, dtype)))
        self.totals, self.step = np.array(totals, np.float64), step

    def _bind(self, kernel: str, scalars: tuple[str, ...]) -> Bound:
        """A kernel of this section, its arguments checked against what will be given."""
        record = self.plan.kernels[kernel]
        tail = [argument.name for argument in record.inputs if not _is_buffer(argument)]
        fields = [name.removeprefix("field/") for name in tail if name.startswith("field/")]
        fixed = [argument for argument in record.inputs if argument.name.startswith(("mean/", "std/"))]
        promised = [*scalars, *(f"field/{name}" for name in fields), *(argument.name for argument in fixed)]
        if tail != promised or any(name not in self.feed.names for name in fields):
            raise CompilerBug(f"kernel {kernel} ({record.role}) takes {', '.join(tail)}: not what the runtime gives")
        picks = tuple(self.feed.names.index(name) for name in fields)
        whole = picks == tuple(range(len(self.feed.names)))
        return Bound(self._load(kernel), None if whole else picks, tuple(self._statistic(argument) for argument in fixed))

    def _statistic(self, argument: Argument) -> Any:
        of, _, name = argument.name.partition("/")
        statistic = self.feed.statistics[name]
        values = statistic.mean if of == "mean" else statistic.std
        assert values is not None, f"no {of} of {name} was read"
        return put(np.asarray(values, argument.dtype).reshape(argument.shape))

    def _zeros(self, argument: Argument) -> Any:
        """Zeros as the argument is given later, so that the kernel is compiled for just that."""
        zeros = np.zeros(argument.shape, argument.dtype)
        on_host = argument.name in ("step", "weights") or argument.name.startswith("field/")
        return (zeros[()] if argument.shape == () else zeros) if on_host else put(zeros)


def _is_buffer(argument: Argument) -> bool:
    return argument.name == "metrics" or argument.name.startswith(("parameters/", "slots/", "state/"))
