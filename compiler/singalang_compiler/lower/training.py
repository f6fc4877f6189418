"""The training step as a function of arrays, one at a time or several in one kernel."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
from jax import lax

from singalang_compiler.library.context import Array
from singalang_compiler.lower import arguments
from singalang_compiler.lower.buffers import pack, unpack
from singalang_compiler.lower.exporting import Groups, Signature
from singalang_compiler.lower.keying import step_key
from singalang_compiler.lower.measuring import rows
from singalang_compiler.lower.network import BoundNet
from singalang_compiler.lower.normalising import normalised
from singalang_compiler.lower.ordering import last_gradients, waiting
from singalang_compiler.lower.section import Section


class Trained(NamedTuple):
    """What a step changes: tensors by name (slots by slot and name), and the rows of metrics."""

    parameters: dict[str, Array]
    slots: dict[str, dict[str, Array]]
    state: dict[str, Array]
    metrics: Array


def step_signature(section: Section, count: int | None = None) -> Signature:
    """The arguments of the kernel `step`, or of `steps` with `count` of them in one."""
    return Signature(
        {
            "parameters": arguments.parameters(section, donated=True),
            "slots": arguments.slots(section),
            "state": arguments.state(section, donated=True),
            "metrics": arguments.metrics(section),
            "step": arguments.step(),
            "key": arguments.key(),
            "fields": arguments.fields(section, "train", count),
            "normalisers": arguments.normalisers(section, "train"),
        }
    )


def step_outputs(section: Section) -> tuple[str, ...]:
    """Names of the results of `step` and `steps`: every donated argument comes back."""
    return tuple(argument.name for argument in step_signature(section).inputs if argument.donated)


def step_function(section: Section, groups: Groups) -> tuple[Array, ...]:
    """One step."""
    (step,) = groups["step"]
    return _packed(section, _advanced(section, _unpacked(section, groups), step, groups["fields"], groups))


def steps_function(section: Section, mode: Literal["scan", "unroll"], count: int, groups: Groups) -> tuple[Array, ...]:
    """`count` steps; tensors are taken out of the buffers before the first and put back after the last."""
    (first,) = groups["step"]
    trained = _unpacked(section, groups)
    if mode == "unroll":
        for place in range(count):
            batch = tuple(field[place] for field in groups["fields"])
            trained = _advanced(section, trained, first + place, batch, groups)
        return _packed(section, trained)

    def body(trained: Trained, given: Any) -> tuple[Trained, None]:
        place, batch = given
        return _advanced(section, trained, first + place, batch, groups), None

    places = jnp.arange(count, dtype=jnp.int32)
    trained, _ = lax.scan(body, trained, (places, groups["fields"]))
    return _packed(section, trained)


def _advanced(section: Section, trained: Trained, step: Array, fields: tuple[Array, ...], groups: Groups) -> Trained:
    """After one more step on a batch."""
    ops, rule = section.ops, section.rule
    names = [argument.name for argument in arguments.normalisers(section, "train")]
    batch = normalised(section, "train", fields, dict(zip(names, groups["normalisers"], strict=True)))
    (key,) = groups["key"]
    learning = {name: trained.parameters[name] for name in section.trained}
    frozen = {name: value for name, value in trained.parameters.items() if name not in learning}
    weights = jnp.ones(section.batch("train"), section.dtype)
    net = BoundNet(section.phase("train"), frozen, weights, step_key(key, step))
    algorithm = section.train.algorithm.instance()
    gradients, changed, pairs = algorithm.gradients(net, learning, trained.state, batch, ops)
    norm = rule.norm([(gradients[name], section.uses[name].lr_scale) for name in section.trained], ops)
    shapes = {name: section.uses[name].shape for name in section.trained}
    rate = waiting(rule.schedule.rate(step, ops), gradients, last_gradients(section.net.phases["train"], shapes))
    values = dict(frozen)
    slots: dict[str, dict[str, Array]] = {slot: {} for slot in section.slots}
    for name in section.trained:
        update = Update(gradients[name], learning[name], {slot: tensors[name] for slot, tensors in trained.slots.items()})
        values[name], own = _updated(section, name, update, rate, step, norm)
        for slot, value in own.items():
            slots[slot][name] = value
    return Trained(values, slots, {**trained.state, **changed}, trained.metrics + rows(section, pairs))


class Update(NamedTuple):
    """What one parameter's update starts from."""

    gradient: Array
    value: Array
    slots: dict[str, Array]


def _updated(
    section: Section, name: str, update: Update, rate: Array, step: Array, norm: Array | None
) -> tuple[Array, dict[str, Array]]:
    """New value and slots of a parameter. Where elements are updated apart they lie flat, as in their buffer: only then does XLA
    overwrite the buffer in place."""
    rule, use = section.rule, section.uses[name]
    shape = (-1,) if rule.updater.elementwise else use.shape
    value, slots = rule.apply(
        update.gradient.reshape(shape),
        update.value.reshape(shape),
        {slot: array.reshape(shape) for slot, array in update.slots.items()},
        rate=rate,
        step=step,
        ops=section.ops,
        norm=norm,
        lr_scale=use.lr_scale,
        wd_scale=use.wd_scale,
    )
    return value.reshape(use.shape), {slot: array.reshape(use.shape) for slot, array in slots.items()}


def _unpacked(section: Section, groups: Groups) -> Trained:
    shapes = section.parameter_shapes
    arrays = iter(groups["slots"])
    slots = {slot: unpack(buffers, [next(arrays) for _ in buffers], shapes) for slot, buffers in section.slots.items()}
    parameters = unpack(section.parameters, groups["parameters"], shapes)
    state = unpack(section.state, groups["state"], section.state_shapes)
    return Trained(parameters, slots, state, groups["metrics"][0])


def _packed(section: Section, trained: Trained) -> tuple[Array, ...]:
    slots = [array for slot, buffers in section.slots.items() for array in pack(buffers, trained.slots[slot])]
    return (*pack(section.parameters, trained.parameters), *slots, *pack(section.state, trained.state), trained.metrics)
