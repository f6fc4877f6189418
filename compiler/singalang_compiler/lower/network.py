"""A net in one phase as a function of arrays: runs the layers in order, and is what algorithms take gradients of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import jax.numpy as jnp

from singalang_compiler.graph import FieldInput
from singalang_compiler.library.context import Array
from singalang_compiler.library.ops_jax.context import LayerContext
from singalang_compiler.library.ops_jax.ops import JaxOps
from singalang_compiler.library.ops_jax.random import key_of
from singalang_compiler.lower.blaming import checked
from singalang_compiler.lower.late_bias import late_biases
from singalang_compiler.lower.layouts import Value, declared, inputs_in, output_of
from singalang_compiler.lower.metrics import LOSS, Row
from singalang_compiler.lower.nodes import configured, is_loss, is_metric
from singalang_compiler.shaped import ParameterLink, ShapedNode


@dataclass(frozen=True)
class PhaseNet:
    """What is fixed of a net in a phase when its kernels are made. `prefix` stands before layers' names in the names of states."""

    nodes: tuple[ShapedNode, ...]
    prefix: str
    training: bool
    losses: tuple[str, ...]
    rows: tuple[Row, ...]
    ops: JaxOps


@dataclass
class Ran:
    """What one forward pass gave: the nodes' values, the layers' new state, and metrics by layer and name, one for each record."""

    values: dict[str, Value] = field(default_factory=dict)
    new_state: dict[str, Array] = field(default_factory=dict)
    metrics: dict[tuple[str, str], Array] = field(default_factory=dict)


@dataclass(frozen=True)
class BoundNet:
    """A net with what does not change while an algorithm looks at one batch: implements `library.contract.NetFunction`.

    `frozen` are the parameters that do not learn; `weights` is one number for each record.
    """

    net: PhaseNet
    frozen: Mapping[str, Array]
    weights: Array
    key: Array

    def objective(
        self, parameters: Mapping[str, Array], state: Mapping[str, Array], batch: Mapping[str, Array]
    ) -> tuple[Array, tuple[dict[str, Array], dict[str, Array]]]:
        """See `NetFunction`: metrics by the names of their rows, each the pair (weighted sum, weight)."""
        ran = run(self.net, {**self.frozen, **parameters}, state, batch, self.weights, self.key)
        ran.metrics["", LOSS] = sum((ran.values[loss].array for loss in self.net.losses), jnp.zeros_like(self.weights))
        total = jnp.sum(self.weights)
        sums = {row.name: jnp.sum(self.weights * ran.metrics[key]) for row in self.net.rows if (key := row.key) in ran.metrics}
        pairs = {name: jnp.stack([measured, total]) for name, measured in sums.items()}
        return sums[LOSS] / total, (ran.new_state, pairs)


def run(
    net: PhaseNet,
    parameters: Mapping[str, Array],
    state: Mapping[str, Array],
    batch: Mapping[str, Array],
    weights: Array,
    key: Array | None,
) -> Ran:
    """One forward pass. `parameters` and `state` go by their names in the job, `batch` by field, in the job's precision."""
    ran = Ran()
    late = late_biases(net.nodes)
    moved = {(bias.layer, bias.name) for bias in late.values()}
    for node in net.nodes:
        name = node.node.name
        if isinstance(node.node.operation, FieldInput):
            ran.values[name] = Value(batch[name])
            continue
        links = {own: link for own, link in node.parameters.items() if (name, own) not in moved}
        context = LayerContext(
            net.ops,
            weights,
            {own: linked(parameters, link) for own, link in links.items()},
            {own: state[f"{net.prefix}{name}.{own}"] for own in node.state},
            net.training,
            None if key is None else key_of(key, name),
        )
        value = _applied(node, tuple(ran.values[source] for source in node.node.inputs), context)
        if name in late:
            value = Value(value.array + linked(parameters, late[name].link), value.channels_last)
        ran.values[name] = value
        ran.new_state.update({f"{net.prefix}{name}.{own}": changed for own, changed in context.new_state.items()})
        ran.metrics.update({(name, metric): values for metric, values in _reported(node, value, context).items()})
    return ran


def linked(parameters: Mapping[str, Array], link: ParameterLink) -> Array:
    """The parameter that a link means."""
    return jnp.transpose(parameters[link.name]) if link.transposed else parameters[link.name]


def _applied(node: ShapedNode, values: tuple[Value, ...], context: LayerContext) -> Value:
    """The value of a layer, a metric or a sink; a sink passes its input on."""
    kind = configured(node).kind
    batch = context.weights.shape
    assert node.spec is not None, f"{node.node.name} has no shape"
    match kind.family:
        case "layers":
            layout = kind.constants["layout"]
            made, shape = node.instance.forward(inputs_in(layout, values), context), (*batch, *node.spec.shape)
            if not hasattr(made, "ndim"):
                checked(kind, "the output", made, shape, node.node.span)
            value = output_of(layout, values, made)
            checked(kind, "the output", declared(value), shape, node.node.span)
            return value
        case "metrics":
            measured = node.instance.measure(tuple(declared(value) for value in values), context.ops)
            return Value(checked(kind, "the measure", measured, batch, node.node.span))
        case _:
            return values[0]


def _reported(node: ShapedNode, value: Value, context: LayerContext) -> dict[str, Array]:
    """What a node reports, by metric; of a loss layer also its own value, of a metric that alone."""
    if is_metric(node):
        return {node.node.kind: value.array}
    for name, values in context.metrics.items():
        checked(configured(node).kind, f"the metric `{name}`", values, context.weights.shape, node.node.span)
    return {LOSS: value.array, **context.metrics} if is_loss(node) else context.metrics
