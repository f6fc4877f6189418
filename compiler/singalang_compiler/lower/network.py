"""A net in one phase as a function of arrays: runs the layers in order, and is what algorithms take gradients of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

import jax
import jax.numpy as jnp

from singalang_compiler.graph import FieldInput
from singalang_compiler.library.context import Array
from singalang_compiler.library.ops_jax.context import LayerContext
from singalang_compiler.library.ops_jax.ops import JaxOps
from singalang_compiler.library.ops_jax.random import key_of
from singalang_compiler.library.tensors import Shape
from singalang_compiler.lower.blaming import checked
from singalang_compiler.lower.late_bias import LateBias, late_biases
from singalang_compiler.lower.layouts import Value, declared, inputs_in, output_of
from singalang_compiler.lower.metrics import LOSS, Row
from singalang_compiler.lower.nodes import configured, is_loss, is_metric
from singalang_compiler.shaped import ParameterLink, ShapedNode


@dataclass(frozen=True)
class PhaseNet:
    """What is fixed of a net in a phase when its kernels are made. `prefix` stands before layers' names in the names of states.

    The backward pass computes the layers of `remat` once more instead of keeping what they gave.
    """

    nodes: tuple[ShapedNode, ...]
    prefix: str
    training: bool
    losses: tuple[str, ...]
    rows: tuple[Row, ...]
    ops: JaxOps
    remat: frozenset[str] = frozenset()


@jax.tree_util.register_dataclass
@dataclass
class Ran:
    """What one forward pass gave: the nodes' values, the layers' new state, and metrics by layer and name, one for each record."""

    values: dict[str, Value] = field(default_factory=dict)
    new_state: dict[str, Array] = field(default_factory=dict)
    metrics: dict[tuple[str, str], Array] = field(default_factory=dict)

    def add(self, other: Ran) -> None:
        """Takes over what another part of the pass gave."""
        self.values |= other.values
        self.new_state |= other.new_state
        self.metrics |= other.metrics


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
        return self.judged(ran)

    def judged(self, ran: Ran) -> tuple[Array, tuple[dict[str, Array], dict[str, Array]]]:
        """The objective of a pass, the state after it, and its metrics, as `objective` gives them."""
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
    forward = _Pass(net, late, frozenset((bias.layer, bias.name) for bias in late.values()), batch, weights, key)
    for again, nodes in groupby(net.nodes, key=lambda node: node.node.name in net.remat):
        some = partial(forward.run, tuple(nodes))
        ran.add((jax.checkpoint(some) if again else some)(parameters, state, ran.values))
    return ran


@dataclass(frozen=True)
class _Pass:
    """One forward pass: what all its layers have in common."""

    net: PhaseNet
    late: Mapping[str, LateBias]
    moved: frozenset[tuple[str, str]]  # (layer, parameter) of these
    batch: Mapping[str, Array]
    weights: Array
    key: Array | None

    def run(
        self,
        nodes: tuple[ShapedNode, ...],
        parameters: Mapping[str, Array],
        state: Mapping[str, Array],
        before: Mapping[str, Value],
    ) -> Ran:
        """Runs nodes that stand together; `before` holds what those before them gave."""
        ran, values = Ran(), dict(before)
        for node in nodes:
            name = node.node.name
            if isinstance(node.node.operation, FieldInput):
                ran.values[name] = values[name] = Value(self.batch[name])
                continue
            context = self._context(node, parameters, state)
            assert node.spec is not None, f"{name} has no shape"
            value = applied(node, tuple(values[source] for source in node.node.inputs), context, node.spec.shape)
            if name in self.late:
                value = Value(value.array + linked(parameters, self.late[name].link), value.channels_last)
            ran.values[name] = values[name] = value
            ran.new_state |= {f"{self.net.prefix}{name}.{own}": changed for own, changed in context.new_state.items()}
            ran.metrics |= {(name, metric): found for metric, found in reported(node, value, context).items()}
        return ran

    def _context(self, node: ShapedNode, parameters: Mapping[str, Array], state: Mapping[str, Array]) -> LayerContext:
        name = node.node.name
        return LayerContext(
            self.net.ops,
            self.weights,
            {own: linked(parameters, link) for own, link in node.parameters.items() if (name, own) not in self.moved},
            {own: state[f"{self.net.prefix}{name}.{own}"] for own in node.state},
            self.net.training,
            None if self.key is None else key_of(self.key, name),
        )


def linked(parameters: Mapping[str, Array], link: ParameterLink) -> Array:
    """The parameter that a link means."""
    return jnp.transpose(parameters[link.name]) if link.transposed else parameters[link.name]


def applied(node: ShapedNode, values: tuple[Value, ...], context: LayerContext, record: Shape) -> Value:
    """The value of a layer, a metric or a sink, `record` being the declared shape of one record; a sink passes its input on."""
    kind = configured(node).kind
    batch = context.weights.shape
    match kind.family:
        case "layers":
            layout = kind.constants["layout"]
            made, shape = node.instance.forward(inputs_in(layout, values), context), (*batch, *record)
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


def reported(node: ShapedNode, value: Value, context: LayerContext) -> dict[str, Array]:
    """What a node reports, by metric; of a loss layer also its own value, of a metric that alone."""
    if is_metric(node):
        return {node.node.kind: value.array}
    for name, values in context.metrics.items():
        checked(configured(node).kind, f"the metric `{name}`", values, context.weights.shape, node.node.span)
    return {LOSS: value.array, **context.metrics} if is_loss(node) else context.metrics
