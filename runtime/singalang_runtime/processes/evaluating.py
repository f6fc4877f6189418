"""What a worker does before an evaluation: all workers of a stage take over the first one's layer state. Knows no step."""

from __future__ import annotations

from collections.abc import Iterator

from singalang_runtime.group.bound import Do
from singalang_runtime.group.member import Member
from singalang_runtime.plane.port import Lane
from singalang_runtime.plane.shared import SharedPlane
from singalang_runtime.processes.flat import MOVING, Call
from singalang_runtime.protocol.group import worker_name


def state_calls(member: Member, plane: SharedPlane) -> Iterator[Call]:
    """Gives the state to the other workers of the stage, or takes it from the first one; nothing where there is none."""
    if member.position:
        lane = plane.state_lane(member.name)
        if lane is not None:
            yield Call(lane.arrived, _taking(member, lane), MOVING)
        return
    for position in range(1, member.setting.view.width):
        lane = plane.state_lane(worker_name(member.number + position))
        if lane is not None:
            yield Call(lane.room, _giving(member, lane), MOVING)


def _giving(member: Member, lane: Lane) -> Do:
    return lambda step: lane.post(member.state())


def _taking(member: Member, lane: Lane) -> Do:
    def take(step: int) -> None:
        member.take_state(lane.take())
        lane.release()

    return take
