"""What a worker does before an evaluation: all workers of a stage take over the first one's layer state. Knows no step."""

from __future__ import annotations

from collections.abc import Iterator

from singalang_runtime.group.bound import Do
from singalang_runtime.group.member import Member
from singalang_runtime.group.setting import Setting
from singalang_runtime.group.tensors import filled, tensors_in
from singalang_runtime.plane.port import Lane
from singalang_runtime.plane.shared import SharedPlane
from singalang_runtime.processes.flat import MOVING, Call
from singalang_runtime.protocol.group import worker_name


def state_calls(setting: Setting, member: Member, plane: SharedPlane) -> Iterator[Call]:
    """Gives the state to the other workers of the stage, or takes over what each has all of; nothing where there is none."""
    if not member.role.state:
        return
    if member.position:
        lane = plane.state_lane(member.name)
        if lane is not None:
            yield Call(lane.arrived, _taking(setting, member, lane), MOVING)
        return
    for position in range(1, setting.view.width):
        lane = plane.state_lane(worker_name(member.number + position))
        if lane is not None:
            yield Call(lane.room, _giving(member, lane), MOVING)


def _giving(member: Member, lane: Lane) -> Do:
    return lambda step: lane.post([member.shelf.read((buffer.name, 0)) for buffer in member.role.state])


def _taking(setting: Setting, member: Member, lane: Lane) -> Do:
    def take(step: int) -> None:
        for buffer, array in zip(member.role.state, lane.take(), strict=True):
            own = tensors_in(buffer, member.shelf.read((buffer.name, 0)))
            given = tensors_in(buffer, array)
            mixed = {name: given[name] if setting.shares.states[name].axis is None else own[name] for name in own}
            member.shelf.put((buffer.name, 0), setting.put(filled(buffer, mixed, setting.dtype)))
        lane.release()

    return take
