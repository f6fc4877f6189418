"""The probe: a training step that changes nothing and says how large its values are. Knows no updater.

It is the whole net, uncut, on the whole batch of a group. A run uses it to find where numbers went wrong, and to show norms.
What costs time is to make it: so the kernel measures what never leaves it, and gives the gradients as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import lax

from singalang_compiler.graph import FieldInput
from singalang_compiler.library.context import Array
from singalang_compiler.lower import arguments
from singalang_compiler.lower.buffers import pack, shaped, unpack
from singalang_compiler.lower.exporting import Groups, Signature
from singalang_compiler.lower.keying import step_key
from singalang_compiler.lower.network import BoundNet, Ran, run
from singalang_compiler.lower.normalising import normalised
from singalang_compiler.lower.section import Section

RATE, FIELDS, LAYERS = "rate", "fields", "layers"
"""Results of the kernel: the learning rate of the step, and two arrays (things, 4), of every thing how many of its numbers are not
finite, and with 0 in the place of these the least, the greatest and the root of the mean square.

`fields` are those of the kernel's arguments, in their order; `layers` those of the section that are there in the phase `train`, in
the plan's order, each after its inputs. What holds class labels is 0.
"""
_SEEN = "probe/"  # stands before them among metrics, whose names have no stroke


def probe_signature(section: Section) -> Signature:
    """The arguments of the kernel `probe`."""
    return Signature(
        {
            "parameters": arguments.parameters(section, donated=False),
            "state": arguments.state(section, donated=False),
            "step": arguments.step(),
            "key": arguments.key(),
            "fields": arguments.fields(section, "train"),
            "normalisers": arguments.normalisers(section, "train"),
        }
    )


def probe_outputs(section: Section) -> tuple[str, ...]:
    """Names of the results, at last the gradients in buffers as those of parameters, 0 for what does not learn."""
    return (RATE, FIELDS, LAYERS, *(f"gradients/{buffer.name.partition('/')[2]}" for buffer in section.parameters))


def probe_function(section: Section, groups: Groups) -> tuple[Array, ...]:
    """The sizes of a step's values, and its gradients."""
    (step,), (key,) = groups["step"], groups["key"]
    names = [argument.name for argument in arguments.normalisers(section, "train")]
    batch = normalised(section, "train", groups["fields"], dict(zip(names, groups["normalisers"], strict=True)))
    tensors = shaped(unpack(section.parameters, groups["parameters"]), section.parameter_shapes)
    state = shaped(unpack(section.state, groups["state"]), section.state_shapes)
    learning = {name: tensors[name] for name in section.trained}
    frozen = {name: tensor for name, tensor in tensors.items() if name not in learning}
    weights = jnp.ones(section.batch("train"), section.dtype)
    net = _Watched(section.phase("train"), frozen, weights, step_key(key, step))
    gradients, _, told = section.train.algorithm.instance().gradients(net, learning, state, batch, section.ops)
    values = {name: told.get(f"{_SEEN}{name}") for name in (node.node.name for node in net.net.nodes)}
    if any(value is None for value in values.values()):  # an algorithm of a user's, which gives metrics of its own making
        values = net.values(run(net.net, tensors, state, batch, weights, net.key))
    all_ = {name: gradients[name] if name in learning else jnp.zeros_like(tensor) for name, tensor in tensors.items()}
    rate = jnp.asarray(section.rule.schedule.rate(step, section.ops), section.dtype)
    return rate, *_seen(section, values), *pack(section.parameters, all_)


@dataclass(frozen=True)
class _Watched(BoundNet):
    """A net whose metrics also hold its values."""

    def judged(self, ran: Ran) -> tuple[Array, tuple[dict[str, Array], dict[str, Array]]]:
        """See `BoundNet`."""
        value, (state, pairs) = super().judged(ran)
        return value, (state, pairs | {f"{_SEEN}{name}": array for name, array in self.values(ran).items()})

    def values(self, ran: Ran) -> dict[str, Array]:
        """What every node gave."""
        return {node.node.name: ran.values[node.node.name].array for node in self.net.nodes}


def _seen(section: Section, values: Mapping[str, Array]) -> tuple[Array, Array]:
    """How large fields and layers are."""
    layers = [node.node.name for node in section.net.phases["train"] if not isinstance(node.node.operation, FieldInput)]
    fields = [name for name, _ in section.fields("train")]
    return _sizes([values[name] for name in fields], section.dtype), _sizes([values[name] for name in layers], section.dtype)


def _sizes(arrays: Sequence[Array], dtype: str) -> Array:
    nothing = jnp.zeros(4, dtype)
    rows = [_size(array.reshape(-1)).astype(dtype) if array.dtype.kind == "f" and array.size else nothing for array in arrays]
    return jnp.stack(rows) if rows else jnp.zeros((0, 4), dtype)


@jax.jit  # so that a kernel holds it once for all arrays that are equally long
def _size(values: Array) -> Array:
    """Of a flat array what a row says; the root of the mean square without overflow."""
    finite = lax.is_finite(values)
    good = lax.select(finite, values, lax.full_like(values, 0))
    bad = lax.reduce_sum(lax.convert_element_type(lax.bitwise_not(finite), values.dtype), (0,))
    least, greatest = lax.reduce_min(good, (0,)), lax.reduce_max(good, (0,))
    most = lax.max(lax.abs(least), lax.abs(greatest))
    parts = lax.div(
        good, lax.broadcast(lax.select(lax.gt(most, lax.full_like(most, 0)), most, lax.full_like(most, 1)), values.shape)
    )
    mean = lax.div(lax.reduce_sum(lax.mul(parts, parts), (0,)), lax.full_like(most, values.size))
    return jnp.stack([bad, least, greatest, lax.mul(most, lax.sqrt(mean))])
