"""The oracle of cut nets: the same net in one piece, as a plain function of its parameters, and its gradient by `jax.grad`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from singalang_compiler.job import Train
from singalang_compiler.keys import training_key
from singalang_compiler.lower.keying import step_key
from singalang_compiler.lower.measuring import rows
from singalang_compiler.lower.network import BoundNet
from singalang_compiler.lower.normalising import normalised
from singalang_compiler.lower.records import data_records
from singalang_compiler.lower.section import Section
from singalang_compiler.shaped import ShapedJob
from tests.compiler.lower.group.execute import QUICK

Numbers: TypeAlias = np.ndarray[Any, Any]


class Stepped(NamedTuple):
    """What a step on a batch would see: rows of metrics, gradients of what learns, and the layers' new state."""

    metrics: Numbers
    gradients: dict[str, Numbers]
    states: dict[str, Numbers]


@dataclass
class Whole:
    """A train section of a job, in 64 bits, not cut whatever its topology."""

    section: Section

    @staticmethod
    def of(shaped: ShapedJob, number: int = 0) -> Whole:
        """A section of a job that is in 64 bits."""
        train: Train = shaped.job.trains[number]
        assert train.precision == "f64"
        return Whole(Section.of(shaped, train, data_records(shaped.job, frozenset(shaped.job.data)), "plain"))

    def parameters(self, seed: int = 0) -> dict[str, Numbers]:
        """Random parameters."""
        random = np.random.default_rng(seed)
        return {name: random.normal(0, 0.5, use.shape) for name, use in self.section.uses.items()}

    def batch(self, seed: int = 0, phase: str = "train", rows: int | None = None) -> dict[str, Numbers]:
        """Random fields, as they are stored: whole numbers for pixels and labels."""
        random = np.random.default_rng(seed)
        found: dict[str, Numbers] = {}
        for name, field in self.section.fields(phase):
            shape = (rows or self.section.batch(phase), *field.shape)
            if field.dtype == "i32":
                found[name] = random.integers(0, field.classes or 10, shape).astype(field.storage)
            elif field.storage == "uint8":
                found[name] = random.integers(0, 17, shape).astype("uint8")
            else:
                found[name] = random.normal(size=shape).astype(field.storage)
        return found

    def step(
        self,
        parameters: Mapping[str, Numbers],
        batch: Mapping[str, Numbers],
        step: int = 0,
        states: Mapping[str, Numbers] | None = None,
    ) -> Stepped:
        """The gradients of the objective."""
        section = self.section
        key = np.array(training_key(section.train.seed, section.name), "uint32")
        first = {name: np.full(one.shape, one.initial) for name, one in section.states.items()} | dict(states or {})

        def objective(learning: Mapping[str, Any], rest: Mapping[str, Any], stored: Mapping[str, Any]) -> Any:
            fields = normalised(section, "train", [stored[name] for name, _ in section.fields("train")], {})
            net = BoundNet(section.phase("train"), rest, jnp.ones(section.batch("train")), step_key(key, step))
            value, (changed, pairs) = net.objective(learning, first, fields)
            return value, (changed, rows(section, pairs))

        learning = {name: parameters[name] for name in section.trained}
        rest = {name: array for name, array in parameters.items() if name not in learning}
        with jax.enable_x64(True), jax.threefry_partitionable(True):
            function = jax.jit(jax.value_and_grad(objective, has_aux=True), compiler_options=QUICK)
            (_, (changed, measured)), gradients = function(learning, rest, dict(batch))
        return Stepped(np.asarray(measured), _arrays(gradients), _arrays({**first, **changed}))

    def evaluate(
        self,
        phase: str,
        parameters: Mapping[str, Numbers],
        batch: Mapping[str, Numbers],
        weights: Numbers,
        states: Mapping[str, Numbers] | None = None,
    ) -> Numbers:
        """The rows of metrics of a batch of an evaluation."""
        section = self.section
        first = {name: np.full(one.shape, one.initial) for name, one in section.states.items()} | dict(states or {})

        def measured(parameters: Mapping[str, Any], stored: Mapping[str, Any], weights: Any) -> Any:
            fields = normalised(section, phase, [stored[name] for name, _ in section.fields(phase)], {})
            net = BoundNet(section.phase(phase), {}, weights, jax.random.key(0, impl="threefry2x32"))
            _, (_, pairs) = net.objective(parameters, first, fields)
            return rows(section, pairs)

        with jax.enable_x64(True), jax.threefry_partitionable(True):
            function = jax.jit(measured, compiler_options=QUICK)
            return np.asarray(function(dict(parameters), dict(batch), np.asarray(weights, "float64")))


def _arrays(tensors: Mapping[str, Any]) -> dict[str, Numbers]:
    return {name: np.asarray(array) for name, array in tensors.items()}


def difference(found: Mapping[str, Numbers], wanted: Mapping[str, Numbers]) -> float:
    """The largest difference of any two elements, as a share of the largest element of all."""
    assert sorted(found) == sorted(wanted), f"{sorted(found)} are not {sorted(wanted)}"
    largest = max((float(np.abs(array).max()) for array in wanted.values() if array.size), default=0.0)
    apart = max((float(np.abs(found[name] - wanted[name]).max()) for name in wanted if wanted[name].size), default=0.0)
    return apart / largest if largest else apart
