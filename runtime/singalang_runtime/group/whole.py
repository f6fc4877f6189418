"""Whole tensors to what the members of a group hold of them, and back: what a section begins with, and what a checkpoint holds.
Knows no message and no file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod

import numpy as np

from singalang_compiler.plan_group import RoleRecord, StoredRecord
from singalang_runtime.group.member import Member
from singalang_runtime.group.serving import VALUE, Serving
from singalang_runtime.group.setting import Setting
from singalang_runtime.group.tensors import Array, Pieces, filled, joined, piece, put_back, slice_of, tensors_in


def distribute(setting: Setting, tensors: Mapping[str, Array], members: Iterable[Member], servers: Iterable[Serving]) -> None:
    """Gives every member and server its parts of the tensors, by key; updater slots that are not there begin with 0."""
    for member in members:
        for buffers, group in ((member.role.parameters, "parameters"), (member.role.state, "state")):
            for buffer in buffers:
                own = {one.name: _own(setting, tensors[f"{group}/{one.name}"], one.name, member) for one in buffer.segments}
                member.shelf.put((buffer.name, 0), setting.put(filled(buffer, own, setting.dtype)))
    arrays = {VALUE: "parameters"} | {f"slots/{slot}": f"slots/{slot}" for slot in setting.group.slots}
    for name, group in arrays.items():
        pieces = _pieces(setting, {key: tensors.get(f"{group}/{key}") for key in _learned(setting)})
        for server in servers:
            array = slice_of(server.segments, server.size, pieces, setting.dtype)
            server.shelf.put((name, 0), setting.put(array))


def assemble(setting: Setting, members: Sequence[Member], servers: Sequence[Serving]) -> dict[str, Array]:
    """The whole tensors by key: what learns and its updater's slots from the servers, the rest from who holds it."""
    found: dict[str, Array] = {}
    arrays = {VALUE: "parameters"} | {f"slots/{slot}": f"slots/{slot}" for slot in setting.group.slots}
    for name, group in arrays.items():
        pieces = _pieces(setting, dict.fromkeys(_learned(setting)))
        for server in servers:
            put_back(server.segments, server.shelf.read((name, 0)), pieces)
        found |= {f"{group}/{key}": _joined(setting, pieces, key) for key in _learned(setting)}
    for group, stored in (("parameters", setting.stored), ("state", setting.states)):
        for one in stored.values():
            if f"{group}/{one.name}" not in found:
                found[f"{group}/{one.name}"] = _held(setting, members, one, group)
    return found


def share_state(setting: Setting, members: Sequence[Member]) -> None:
    """Gives the workers of a stage the state of its first worker, where each has all of it: the first one's is what counts."""
    for member in members:
        owner = members[member.number - member.position]
        for buffer in member.role.state if member is not owner else ():
            own = tensors_in(buffer, member.shelf.read((buffer.name, 0)))
            given = tensors_in(buffer, owner.shelf.read((buffer.name, 0)))
            mixed = {name: given[name] if setting.states[name].axis is None else own[name] for name in own}
            member.shelf.put((buffer.name, 0), setting.put(filled(buffer, mixed, setting.dtype)))


def _own(setting: Setting, whole: Array, name: str, member: Member) -> Array:
    stored = setting.stored.get(name) or setting.states[name]
    return piece(whole, stored.axis, member.position, setting.width)


def _learned(setting: Setting) -> dict[str, StoredRecord]:
    """The parameters that are in servers' slices."""
    names = dict.fromkeys(one.parameter for segments in setting.slices.values() for one in segments)
    return {name: setting.stored[name] for name in names}


def _pieces(setting: Setting, tensors: Mapping[str, Array | None]) -> Pieces:
    """Tensors cut as they are stored, each piece flat; zeros for those that are not there."""
    return {
        (name, position): np.zeros(prod(stored.shape) // count, setting.dtype)
        if whole is None
        else piece(whole, stored.axis, position or 0, setting.width).reshape(-1)
        for name, whole in tensors.items()
        for stored in [setting.stored[name]]
        for count in [1 if stored.axis is None else setting.width]
        for position in ([None] if stored.axis is None else range(setting.width))
    }


def _joined(setting: Setting, pieces: Pieces, name: str) -> Array:
    stored = setting.stored[name]
    positions = [None] if stored.axis is None else range(setting.width)
    return joined([pieces[name, position] for position in positions], stored.shape, stored.axis)


def _held(setting: Setting, members: Sequence[Member], stored: StoredRecord, group: str) -> Array:
    """A tensor that no server has, from the workers of a stage."""
    first = stored.stages[0] * setting.width
    holders = members[first : first + (1 if stored.axis is None else setting.width)]
    flat = [next(_found(holder, holder.role, stored.name, group)) for holder in holders]
    return joined(flat, stored.shape, stored.axis)


def _found(member: Member, role: RoleRecord, name: str, group: str) -> Iterator[Array]:
    for buffer in role.parameters if group == "parameters" else role.state:
        for segment in buffer.segments:
            if segment.name == name:
                yield tensors_in(buffer, member.shelf.read((buffer.name, 0)))[name]
