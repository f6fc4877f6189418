"""One piece of a cut net as a function of arrays: what a worker computes of it forward, and what that adds to the objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import jax
import jax.numpy as jnp

from singalang_compiler.geometry import PARTIAL
from singalang_compiler.library.context import Array
from singalang_compiler.library.ops_jax.context import FeaturePiece, LayerContext
from singalang_compiler.library.ops_jax.random import key_of
from singalang_compiler.library.tensors import Shape
from singalang_compiler.lower.group.cutting import Place, cut_shape
from singalang_compiler.lower.group.stage_net import PieceNet, by_batch
from singalang_compiler.lower.layouts import Value, inputs_in
from singalang_compiler.lower.metrics import LOSS
from singalang_compiler.lower.network import Ran, applied, linked, reported
from singalang_compiler.lower.nodes import configured
from singalang_compiler.partition.cut_net import CutNode, Input


@dataclass(frozen=True)
class Given:
    """What a pass is given besides views, parameters and state. `first`: place of the worker's first record in the group's batch;
    `key`: that of the step; `weights`: one for each of the worker's records (`batch`) and of all records (`whole`)."""

    place: Place
    first: Array | int
    key: Array
    weights: Mapping[str, Array]

    def weights_of(self, node: CutNode) -> Array:
        """The weights of the records that a node works on."""
        return self.weights["batch" if by_batch(node) else "whole"]


def run(
    net: PieceNet, parameters: Mapping[str, Array], state: Mapping[str, Array], views: Mapping[str, Value], given: Given
) -> Ran:
    """One forward pass of a piece. `views` are what it reads, fields among them; the values of the result go by view."""
    ran = Ran()
    forward = _Pass(net, given)
    for again, nodes in groupby(net.nodes, key=lambda node: node.remat and net.training):
        some = partial(forward.run, tuple(nodes))
        ran.add((jax.checkpoint(some) if again else some)(parameters, state, {**views, **ran.values}))
    return ran


def objective(net: PieceNet, ran: Ran, given: Given) -> Array:
    """What this worker adds to the objective, the mean over the records of the group's whole batch."""
    batch = net.net.micro_batches * given.place.all_rows
    total = sum((_summed(node, _loss(node, ran), given) for node in net.losses), jnp.zeros((), net.section.dtype))
    return total / batch


def pairs(net: PieceNet, ran: Ran, given: Given) -> dict[str, Array]:
    """What this worker adds to the rows of metrics, by their names: (weighted sum, weight)."""
    nodes = {node.name: node for node in net.nodes}
    found: dict[str, Array] = {}
    for row in net.section.rows:
        if row.key in ran.metrics:
            node = nodes[row.layer]
            found[row.name] = jnp.stack([_summed(node, ran.metrics[row.key], given), _weight(node, given)])
        elif row.key == ("", LOSS) and net.losses:
            weight = _weight(net.losses[0], given)
            value = sum(_summed(node, _loss(node, ran), given) for node in net.losses)
            found[row.name] = jnp.stack([value, weight if net.counts_loss else jnp.zeros_like(weight)])
    return found


@dataclass(frozen=True)
class _Pass:
    """One forward pass of a piece."""

    net: PieceNet
    given: Given

    def run(
        self,
        nodes: Sequence[CutNode],
        parameters: Mapping[str, Array],
        state: Mapping[str, Array],
        before: Mapping[str, Value],
    ) -> Ran:
        """Runs nodes that stand together; `before` holds the views that were read or that nodes before them gave."""
        ran, values = Ran(), dict(before)
        for node in nodes:
            value = self._value(node, values, parameters, state, ran)
            late = self.net.late.get(node.name)
            if late is not None:
                value = Value(value.array + self._parameter(self.net.node(late.layer), late.name, parameters), value.channels_last)
            ran.values[node.view.name] = values[node.view.name] = value
        return ran

    def _value(
        self,
        node: CutNode,
        values: Mapping[str, Value],
        parameters: Mapping[str, Array],
        state: Mapping[str, Array],
        ran: Ran,
    ) -> Value:
        """What a node gives; what it reports besides is put into `ran`."""
        inputs = tuple(self._input(read, values[read.view.name]) for read in node.inputs)
        context = self._context(node, inputs, parameters, state)
        context.statistics = values[node.statistic.name].array if node.statistic else None
        if node.part == "statistic":
            layout = configured(node.shaped).kind.constants["layout"]
            return Value(node.shaped.instance.statistic(inputs_in(layout, inputs), context).reshape(1, -1))
        value = applied(node.shaped, inputs, context, self._declared_record(node))
        prefix = f"{self.net.section.prefix}{node.name}."
        ran.new_state |= {prefix + own: changed for own, changed in context.new_state.items()}
        ran.metrics |= {(node.name, metric): found for metric, found in reported(node.shaped, value, context).items()}
        return value

    def _input(self, read: Input, value: Value) -> Value:
        return Value(self.given.place.wanted(value.array, read.view.distribution, read.wanted), value.channels_last)

    def _context(
        self, node: CutNode, inputs: tuple[Value, ...], parameters: Mapping[str, Array], state: Mapping[str, Array]
    ) -> LayerContext:
        given, section, layer = self.given, self.net.section, node.shaped.node.name
        first = given.first if by_batch(node) else given.first - given.place.first_row()
        return LayerContext(
            section.ops,
            given.weights_of(node),
            {own: self._parameter(node, own, parameters) for own in node.shaped.parameters if (layer, own) not in self.net.moved},
            {own: state[f"{section.prefix}{layer}.{own}"] for own in node.shaped.state if node.part == "layer"},
            self.net.training,
            key_of(given.key, layer),
            first,
            piece=self._feature_piece(node, inputs),
        )

    def _parameter(self, node: CutNode, own: str, parameters: Mapping[str, Array]) -> Array:
        """A layer's parameter as its cut wants it: a piece that is held is taken, of what is held whole a part."""
        link, cut = node.shaped.parameters[own], node.cut.partition
        held = linked(parameters, link)
        axis = cut.parameters.get(own) if cut else None
        return held if axis is None or self.net.held.axes[link.name] is not None else self.given.place.part_of_axis(held, axis)

    def _feature_piece(self, node: CutNode, inputs: tuple[Value, ...]) -> FeaturePiece | None:
        """Where the worker's part of each record is, for a layer cut by feature."""
        place = self.given.place
        lies = [(node.output, None), *((read.wanted, value) for read, value in zip(node.inputs, inputs, strict=True))]
        found = next(((one, value) for one, value in lies if one.kind == "feature"), None)
        if found is None or place.alone:
            return None
        axis, value = found[0].axis, found[1]
        own = node.record[axis - 1] // place.workers if value is None else value.array.shape[axis]
        return FeaturePiece(axis, own * place.workers, own, place.position * own)

    def _declared_record(self, node: CutNode) -> Shape:
        """The declared shape of one record of what the worker computes of a layer."""
        axis = node.output.axis - 1 if node.output.kind == "feature" else None
        own = cut_shape(node.record, axis, self.given.place.workers)
        return (own[-1], *own[:-1]) if node.channels_last else own


def _loss(node: CutNode, ran: Ran) -> Array:
    return ran.values[node.view.name].array


def _summed(node: CutNode, per_record: Array, given: Given) -> Array:
    """The weighted sum of one number a record, so that the workers' sums add up: what all compute counts once."""
    total = jnp.sum(given.weights_of(node) * per_record)
    return total if by_batch(node) or node.output == PARTIAL else given.place.counted(total)


def _weight(node: CutNode, given: Given) -> Array:
    total = jnp.sum(given.weights_of(node))
    return total if by_batch(node) else given.place.counted(total)
