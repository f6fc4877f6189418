"""The kernels of a piece as functions of named arrays: forward, backward, both at once, and evaluation.

A forward kernel cannot give the function that its backward pass is, but what that one has caught: the leaves of `jax.vjp`
(`leaves`). The backward kernel builds the function again from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from msgspec import structs

from singalang_compiler.library.context import Array
from singalang_compiler.lower.arguments import METRICS
from singalang_compiler.lower.buffers import pack
from singalang_compiler.lower.group import arguments
from singalang_compiler.lower.group.leaves import Leaves, leaves_of
from singalang_compiler.lower.group.piece import Given, objective, pairs, run
from singalang_compiler.lower.group.returning import gradient_of_buffer
from singalang_compiler.lower.group.stage_net import PieceNet
from singalang_compiler.lower.group.tracing import Named, Traced, trace
from singalang_compiler.lower.layouts import Value
from singalang_compiler.lower.measuring import rows
from singalang_compiler.lower.network import Ran
from singalang_compiler.place.rings import gradient_of
from singalang_compiler.plan import Argument

Gradients: TypeAlias = tuple[Mapping[str, Array], Mapping[str, Array]]
"""Of parameters and of views, by name."""


def evaluation(net: PieceNet) -> Traced:
    """The forward pass in a phase in which nothing changes but the rows of metrics."""

    def function(arrays: Named) -> Named:
        start = _Start.of(net, arrays)
        ran = start.run()
        return _metrics(net, pairs(net, ran, start.given), arrays) | _gives(net, ran)

    return trace(function, _inputs(net), net.section.double).pruned()


def forward(net: PieceNet) -> Traced:
    """The forward pass of a piece in which nothing learns."""

    def function(arrays: Named) -> Named:
        start = _Start.of(net, arrays)
        return start.outputs(start.run(), arrays)

    return trace(function, _inputs(net), net.section.double).pruned()


def step(net: PieceNet) -> Traced:
    """Both passes of a piece that waits for no gradient."""

    def function(arrays: Named) -> Named:
        start = _Start.of(net, arrays)
        if net.section.train.algorithm.instance().cuts() is not None:
            return _taught(start, arrays)
        backward, ran = start.differentiated()
        return start.outputs(ran, arrays) | _gradients(net, backward(_seeds(net, arrays)), arrays)

    return trace(function, (*_inputs(net), *_added(net)), net.section.double).pruned()


def forward_and_backward(net: PieceNet) -> tuple[Traced, Traced]:
    """The two passes of a piece to which gradients come back."""
    traced, leaves = _with_leaves(net)

    def function(arrays: Named) -> Named:
        backward = jax.tree.unflatten(leaves.structure, leaves.values(arrays))
        return _gradients(net, backward(_seeds(net, arrays)), arrays)

    inputs = (*leaves.arguments(), *_incoming(net), *_added(net))
    second = trace(function, inputs, net.section.double).pruned()
    needed = {argument.name for argument in second.inputs}
    plain = {name: atom for name, atom in traced.results.items() if not name.startswith(_LEAF)}
    kept = {name: var for name, var in leaves.kept.items() if name in needed}
    return traced.giving({**plain, **kept}).pruned(), second


_LEAF = "leaf/"
"""How the names of leaves begin while they are results."""


def _with_leaves(net: PieceNet) -> tuple[Traced, Leaves]:
    """The forward pass, with the leaves of its backward function among its results."""
    structures: list[Any] = []

    def function(arrays: Named) -> Named:
        start = _Start.of(net, arrays)
        backward, ran = start.differentiated()
        found, structure = jax.tree.flatten(backward)
        structures.append(structure)
        return start.outputs(ran, arrays) | {f"{_LEAF}{place}": leaf for place, leaf in enumerate(found)}

    traced = trace(function, _inputs(net), net.section.double)
    atoms = [atom for name, atom in traced.results.items() if name.startswith(_LEAF)]
    there = (*arguments.parameters(net), *arguments.numbers(net), *arguments.normalisers(net))
    passing = [*(view.name for view in (*net.piece.reads, *net.piece.gives)), *(view.name for view in net.piece.fields)]
    permanent = [argument.name for argument in there]
    return traced, leaves_of(traced, structures[0], atoms, permanent, passing, f"kept/{net.piece.level}/")


class _Start(NamedTuple):
    """What a forward pass of a piece starts from."""

    net: PieceNet
    parameters: dict[str, Array]
    state: dict[str, Array]
    views: dict[str, Value]
    given: Given

    @staticmethod
    def of(net: PieceNet, arrays: Named) -> _Start:
        parameters, state = arguments.tensors(net, arrays)
        return _Start(net, parameters, state, arguments.values(net, arrays), arguments.given(net, arrays))

    def run(self) -> Ran:
        return run(*self)

    def differentiated(self) -> tuple[Callable[[Any], Gradients], Ran]:
        """The pass, with the function that takes `_seeds` to the gradients of parameters and views."""
        learned = {name: self.parameters[name] for name in sorted(self.net.back.parameters)}
        read = {view.name: self.views[view.name].array for view in self.net.piece.returns}

        def function(tensors: Named, arrays: Named) -> tuple[Any, Ran]:
            views = {name: Value(array, self.views[name].channels_last) for name, array in arrays.items()}
            ran = self._replace(parameters={**self.parameters, **tensors}, views={**self.views, **views}).run()
            contributed = (objective(self.net, ran, self.given),) if self.net.losses else ()
            return (contributed, {view.name: ran.values[view.name].array for view in self.net.piece.learned}), ran

        _, backward, ran = jax.vjp(function, learned, read, has_aux=True)
        return backward, ran

    def outputs(self, ran: Ran, arrays: Named) -> dict[str, Array]:
        """New state, rows of metrics, and the views that it gives."""
        own = _metrics(self.net, pairs(self.net, ran, self.given), arrays)
        return _state(self.net, {**self.state, **ran.new_state}) | own | _gives(self.net, ran) | _unreached(self.net)


@dataclass(frozen=True)
class _Contribution:
    """A piece that is a whole net, as an algorithm sees it: implements `library.contract.NetFunction`."""

    start: _Start

    def objective(
        self, parameters: Mapping[str, Array], state: Mapping[str, Array], batch: Mapping[str, Array]
    ) -> tuple[Array, tuple[dict[str, Array], dict[str, Array]]]:
        """What the worker adds to the objective of the group's batch; metrics by the names of their rows."""
        fields = {view.name: Value(batch[view.field]) for view in self.start.net.piece.fields}
        start = self.start._replace(parameters={**self.start.parameters, **parameters}, state={**state}, views=fields)
        ran = start.run()
        return objective(start.net, ran, start.given), (ran.new_state, pairs(start.net, ran, start.given))


def _taught(start: _Start, arrays: Named) -> Named:
    """A step of an algorithm that cuts no net: its piece is the whole net."""
    net = start.net
    learning = {name: start.parameters[name] for name in sorted(net.back.parameters)}
    batch = {view.field: start.views[view.name].array for view in net.piece.fields}
    algorithm = net.section.train.algorithm.instance()
    gradients, changed, found = algorithm.gradients(_Contribution(start), learning, start.state, batch, net.section.ops)
    kept = _state(net, {**start.state, **changed}) | _metrics(net, found, arrays) | _unreached(net)
    return kept | _gradients(net, (gradients, {}), arrays)


def _inputs(net: PieceNet) -> tuple[Argument, ...]:
    """All that a forward pass may need."""
    own = (*arguments.parameters(net), *arguments.state(net, donated=net.training), *arguments.metrics(net))
    read = (*(arguments.view(net, one, one.name) for one in net.piece.reads), *arguments.fields(net), *arguments.normalisers(net))
    return (*own, *read, *arguments.numbers(net))


def _incoming(net: PieceNet) -> tuple[Argument, ...]:
    """The gradients that a backward pass waits for."""
    return tuple(arguments.view(net, view, name) for view, names in net.back.incoming.items() for name in names)


def _added(net: PieceNet) -> tuple[Argument, ...]:
    """The gradients to which a backward pass adds."""
    views = [arguments.view(net, view, gradient_of(view), donated=True) for view in net.piece.returns]
    buffers = [
        structs.replace(argument, name=gradient_of_buffer(argument.name), donated=True)
        for argument in arguments.parameters(net)
        if argument.name in net.back.buffers
    ]
    return tuple(argument for argument in (*buffers, *views) if argument.name in net.back.added)


def _seeds(net: PieceNet, arrays: Named) -> Any:
    """The gradients of what a pass gives: 1 of the objective, and what has come back for its views."""
    views = {view.name: _sum([arrays[name] for name in names]) for view, names in net.back.incoming.items()}
    return ((jnp.ones((), net.section.dtype),) if net.losses else (), views)


def _gradients(net: PieceNet, found: Gradients, arrays: Named) -> dict[str, Array]:
    """Gradients of whole buffers and of views, added to those that are there."""
    tensors, views = found
    new: dict[str, Array] = {}
    for buffer in net.held.parameters:
        if buffer.name in net.back.buffers:
            every = {one.name: tensors[one.name] if one.name in tensors else _nothing(net, one.size) for one in buffer.segments}
            (new[gradient_of_buffer(buffer.name)],) = pack([buffer], every)
    new |= {gradient_of(view): views[view.name] for view in net.piece.returns}
    return {name: arrays[name] + array if name in net.back.added else array for name, array in new.items()}


def _state(net: PieceNet, tensors: Named) -> dict[str, Array]:
    names = {argument.name for argument in arguments.state(net, donated=True)}
    buffers = [buffer for buffer in net.held.state if buffer.name in names]
    return {buffer.name: array for buffer, array in zip(buffers, pack(buffers, tensors), strict=True)}


def _metrics(net: PieceNet, found: Mapping[str, Array], arrays: Named) -> dict[str, Array]:
    return {METRICS: arrays[METRICS] + rows(net.section, found)} if METRICS in arrays else {}


def _gives(net: PieceNet, ran: Ran) -> dict[str, Array]:
    return {view.name: ran.values[view.name].array for view in net.piece.gives}


def _unreached(net: PieceNet) -> dict[str, Array]:
    """Gradients of 0, of parameters that learn and that the objective does not depend on."""
    buffers = [one for one in net.held.parameters if one.name in net.back.unreached]
    return {gradient_of_buffer(one.name): _nothing(net, one.size) for one in buffers}


def _nothing(net: PieceNet, size: int) -> Array:
    return jnp.zeros(size, net.section.dtype)


def _sum(arrays: Sequence[Array]) -> Array:
    return sum(arrays[1:], arrays[0])
