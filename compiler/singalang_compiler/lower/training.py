"""The training step as a function of arrays, one at a time or several in one kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
from jax import lax

from singalang_compiler.library.context import Array
from singalang_compiler.lower import arguments
from singalang_compiler.lower.blaming import checked
from singalang_compiler.lower.buffers import pack, shaped, unpack
from singalang_compiler.lower.exporting import Groups, Signature
from singalang_compiler.lower.keying import step_key
from singalang_compiler.lower.measuring import rows
from singalang_compiler.lower.network import BoundNet
from singalang_compiler.lower.normalising import normalised
from singalang_compiler.lower.ordering import last_gradients, waiting
from singalang_compiler.lower.section import Section


class Trained(NamedTuple):
    """What a step changes: tensors by name (slots by slot and name), and the rows of metrics.

    Tensors are flat, as they lie in their buffers, and have their shapes inside the net alone: only what is flat from beginning to
    end does XLA overwrite in place.
    """

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
    names = [argument.name for argument in arguments.normalisers(section, "train")]
    batch = normalised(section, "train", fields, dict(zip(names, groups["normalisers"], strict=True)))
    (key,) = groups["key"]
    tensors = shaped(trained.parameters, section.parameter_shapes)
    learning = {name: tensors.pop(name) for name in section.trained}
    weights = jnp.ones(section.batch("train"), section.dtype)
    net = BoundNet(section.phase("train"), tensors, weights, step_key(key, step))
    state = shaped(trained.state, section.state_shapes)
    algorithm = section.train.algorithm.instance()
    gradients, changed, pairs = algorithm.gradients(net, learning, state, batch, section.ops)
    parameters, slots = _updated(section, trained, gradients, step)
    state = {name: value.reshape(-1) for name, value in {**state, **changed}.items()}
    return Trained(parameters, slots, state, trained.metrics + rows(section, pairs))


def _updated(
    section: Section, trained: Trained, gradients: Mapping[str, Array], step: Array
) -> tuple[dict[str, Array], dict[str, dict[str, Array]]]:
    """Parameters and slots after one update; updaters that do not work on each element alone see shapes, not flat tensors."""
    rule, uses = section.rule, section.uses
    norm = rule.norm([(gradients[name], uses[name].lr_scale) for name in section.trained], section.ops)
    shapes = {name: uses[name].shape for name in section.trained}
    kind, schedule = section.train.updater.updater.kind, section.train.updater.rate.kind
    rate = checked(schedule, "the rate", rule.schedule.rate(step, section.ops), (), section.train.updater.span)
    rate = waiting(rate, gradients, last_gradients(section.net.phases["train"], shapes))
    parameters = dict(trained.parameters)
    slots: dict[str, dict[str, Array]] = {slot: {} for slot in section.slots}
    for name in section.trained:
        shape = (-1,) if rule.updater.elementwise else shapes[name]
        value, own = rule.apply(
            gradients[name].reshape(shape),
            parameters[name].reshape(shape),
            {slot: tensors[name].reshape(shape) for slot, tensors in trained.slots.items()},
            rate=rate,
            step=step,
            ops=section.ops,
            norm=norm,
            lr_scale=uses[name].lr_scale,
            wd_scale=uses[name].wd_scale,
        )
        flat, where = gradients[name].reshape(shape).shape, section.train.updater.span
        parameters[name] = checked(kind, "the new value", value, flat, where).reshape(-1)
        for slot in slots:
            slots[slot][name] = checked(kind, f"the new `{slot}`", own.get(slot), flat, where).reshape(-1)
    return parameters, slots


def _unpacked(section: Section, groups: Groups) -> Trained:
    arrays = iter(groups["slots"])
    slots = {slot: unpack(buffers, [next(arrays) for _ in buffers]) for slot, buffers in section.slots.items()}
    parameters = unpack(section.parameters, groups["parameters"])
    return Trained(parameters, slots, unpack(section.state, groups["state"]), groups["metrics"][0])


def _packed(section: Section, trained: Trained) -> tuple[Array, ...]:
    slots = [array for slot, buffers in section.slots.items() for array in pack(buffers, trained.slots[slot])]
    return (*pack(section.parameters, trained.parameters), *slots, *pack(section.state, trained.state), trained.metrics)
