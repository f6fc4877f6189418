"""When arrays are not read again: a role's program, walked instruction by instruction. Knows no array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from singalang_compiler.liveness import Key, Moment, server_moments, worker_moments
from singalang_compiler.plan_group import NormStep, PublishStep, PushStep, SendStep
from singalang_runtime.protocol.group import GroupView


class Freeing:
    """`moments`: for each step of a program how many instructions it becomes, and what is not read again after them."""

    def __init__(self, moments: Iterable[tuple[int, tuple[Key, ...]]]) -> None:
        self._moments = tuple(moments)
        self._at = 0  # place in the program
        self._left = 0  # instructions that this step still becomes
        self._enter(0)

    def after(self) -> Iterator[Key]:
        """What to free after the next instruction."""
        yield from self._passed()
        self._left -= 1
        yield from self._passed()

    def _passed(self) -> Iterator[Key]:
        """Goes over steps of which no instruction is left, at most to the end of the program."""
        while not self._left:
            yield from self._moments[self._at][1]
            self._enter((self._at + 1) % len(self._moments))
            if self._at == 0:
                return

    def _enter(self, place: int) -> None:
        self._at = place
        self._left = self._moments[place][0] if self._moments else 0


def worker_freeing(view: GroupView, worker: int, phase: str) -> Freeing:
    """For the program of a worker in a phase."""
    moments = worker_moments(view.group, view.role_of(worker), phase)
    return Freeing((_worker_count(view, worker, phase, moment), moment.dies) for moment in moments)


def server_freeing(view: GroupView, server: int) -> Freeing:
    """For the program of a server."""
    return Freeing((_server_count(view, server, moment), moment.dies) for moment in server_moments(view.group))


def _worker_count(view: GroupView, worker: int, phase: str, moment: Moment) -> int:
    match moment.step:
        case SendStep(connection=name, back=back):
            return len(view.sends_to(worker, phase, name, back))
        case PushStep():
            return len(view.servers_of(worker))
        case _:
            return 1


def _server_count(view: GroupView, server: int, moment: Moment) -> int:
    match moment.step:
        case NormStep():
            return len(view.active_servers)  # gives its own to the others, and puts together
        case PublishStep():
            return len(view.holders_of(server))
        case _:
            return 1
