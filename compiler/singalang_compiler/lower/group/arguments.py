"""The arguments that the kernels of a piece may need, by the names of buffers and arrays, and what they are inside the kernel."""

from __future__ import annotations

from collections.abc import Iterable

import jax.numpy as jnp

from singalang_compiler.geometry import BATCH, Extent
from singalang_compiler.library.context import Array
from singalang_compiler.lower import arguments
from singalang_compiler.lower.buffers import shaped, unpack
from singalang_compiler.lower.group.cutting import Place
from singalang_compiler.lower.group.piece import Given
from singalang_compiler.lower.group.stage_net import PieceNet
from singalang_compiler.lower.group.tracing import Named
from singalang_compiler.lower.keying import step_key, whole_key
from singalang_compiler.lower.layouts import Value
from singalang_compiler.lower.normalising import normal
from singalang_compiler.partition.cut_net import View
from singalang_compiler.plan import Argument
from singalang_compiler.plan_group import BufferRecord

POSITION, FIRST = "position", "first"
"""What a host gives: the worker's place in its stage, and the place of its first record in the group's batch."""


def is_given(name: str) -> bool:
    """Whether an argument is neither a buffer nor an array of the role, but given for each call."""
    return name in (POSITION, FIRST, "step", "key") or name.startswith("weights@")


def parameters(net: PieceNet) -> tuple[Argument, ...]:
    """The buffers of the parameters that its layers use."""
    names = {*net.held.buffers_of(link.name for node in net.nodes for link in node.shaped.parameters.values())}
    return tuple(_buffer(net, one) for one in net.held.parameters if one.name in names)


def state(net: PieceNet, donated: bool) -> tuple[Argument, ...]:
    """The buffers of its layers' state."""
    used = {f"{net.section.prefix}{node.name}.{own}" for node in net.nodes for own in node.shaped.state}
    return tuple(_buffer(net, one, donated) for one in net.held.state if _holds(one, used))


def metrics(net: PieceNet) -> tuple[Argument, ...]:
    """The rows of metrics, where it adds to them."""
    return arguments.metrics(net.section) if net.reports else ()


def view(net: PieceNet, view: View, name: str, donated: bool = False) -> Argument:
    """An array like the worker's of a view."""
    node = net.node(view.value)
    spec = node.shaped.spec
    whole_numbers = spec is not None and spec.dtype == "i32" and node.part == "layer"
    dtype = "int32" if whole_numbers else net.section.dtype
    return Argument(name=name, dtype=dtype, shape=view_shape(net, view), donated=donated)


def fields(net: PieceNet) -> tuple[Argument, ...]:
    """The fields that it reads, as they are stored."""
    records = net.stage.fields
    return tuple(
        Argument(
            name=view.name,
            dtype=records[view.field].storage,
            shape=(net.own_rows if view.distribution == BATCH else sum(net.net.rows), *records[view.field].shape),
        )
        for view in net.piece.fields
    )


def normalisers(net: PieceNet) -> tuple[Argument, ...]:
    """The means and standard deviations of its fields that lie in files."""
    read = {view.field for view in net.piece.fields}
    every = arguments.normalisers(net.section, net.net.phase)
    return tuple(one for one in every if one.name.partition("/")[2] in read)


def numbers(net: PieceNet) -> tuple[Argument, ...]:
    """Where the worker is and what random draws begin with; of an evaluation the weights of the records as well."""
    where = tuple(Argument(name=name, dtype="int32", shape=()) for name in (POSITION, FIRST))
    if net.training:
        return (*where, *arguments.step(), *arguments.key())
    rows = {"batch": net.own_rows, "whole": sum(net.net.rows)}
    weights = (Argument(name=f"weights@{kind}", dtype=net.section.dtype, shape=(count,)) for kind, count in rows.items())
    return (*where, *arguments.key(), *weights)


def tensors(net: PieceNet, arrays: Named) -> tuple[dict[str, Array], dict[str, Array]]:
    """The parameters and the state in the buffers that are there, as they are held."""
    held = net.held
    return (
        shaped(_unpacked(held.parameters, arrays), held.shapes),
        shaped(_unpacked(held.state, arrays), held.state_shapes),
    )


def values(net: PieceNet, arrays: Named) -> dict[str, Value]:
    """What the piece reads, by view: fields normalised."""
    records = net.stage.fields
    files = {one.name: arrays[one.name] for one in normalisers(net)}
    found = {view.name: Value(arrays[view.name], net.node(view.value).channels_last) for view in net.piece.reads}
    for view in net.piece.fields:
        found[view.name] = Value(normal(net.section, view.field, records[view.field], arrays[view.name], files))
    return found


def given(net: PieceNet, arrays: Named) -> Given:
    """What the pass is given besides."""
    key = step_key(arrays["key"], arrays["step"]) if net.training else whole_key(arrays["key"])
    rows = {"batch": net.own_rows, "whole": sum(net.net.rows)}
    if net.training:
        weights = {kind: jnp.ones(count, net.section.dtype) for kind, count in rows.items()}
    else:
        weights = {kind: arrays[f"weights@{kind}"] for kind in rows}
    place = Place(net.net.rows, net.own_rows, arrays[POSITION])
    return Given(place, arrays[FIRST], key, weights)


def view_shape(net: PieceNet, view: View) -> tuple[int, ...]:
    """The shape of a worker's array of a view."""
    node = net.node(view.value)
    rows = (1,) * net.net.workers if node.part == "statistic" else net.net.rows
    position = next(place for place, count in enumerate(net.net.rows) if count == net.own_rows)
    return Extent(rows=rows, record=node.record).piece(view.distribution, position)


def _buffer(net: PieceNet, buffer: BufferRecord, donated: bool = False) -> Argument:
    return Argument(name=buffer.name, dtype=net.section.dtype, shape=(buffer.size,), donated=donated)


def _holds(buffer: BufferRecord, names: set[str]) -> bool:
    return any(segment.name in names for segment in buffer.segments)


def _unpacked(buffers: Iterable[BufferRecord], arrays: Named) -> dict[str, Array]:
    there = [buffer for buffer in buffers if buffer.name in arrays]
    return unpack(there, [arrays[buffer.name] for buffer in there])
