"""When arrays are not read again: for each instruction of a role's program what to free after it. Knows no array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from singalang_compiler.liveness import Key, Moment, server_moments, worker_moments
from singalang_compiler.plan_group import NormStep
from singalang_runtime.protocol.exchanges import Act, Give, server_acts, worker_acts
from singalang_runtime.protocol.group import GroupView

Freed: TypeAlias = Mapping[Act, tuple[Key, ...]]
"""What is not read again after each act of a program, where there is anything."""


def worker_freed(view: GroupView, worker: int, phase: str) -> Freed:
    """For the program of a worker in a phase."""
    moments = worker_moments(view.group, view.role_of(worker), phase)
    return freed(zip(worker_acts(view, worker, phase), moments, strict=True))


def server_freed(view: GroupView, server: int) -> Freed:
    """For the program of a server."""
    return freed(_server_program(view, server))


def freed(program: Iterable[tuple[Act, Moment]]) -> Freed:
    """Of acts with their moments. What dies at one that gives nothing to anybody dies with the one before, as nobody does it."""
    found: dict[Act, tuple[Key, ...]] = {}
    last: Act | None = None
    for act, moment in program:
        idle = isinstance(act, Give) and not act.messages
        if not idle:
            assert act not in found, f"{act} stands in a program twice"
            found[act] = ()
            last = act
        if last is not None:
            found[last] += moment.dies
        assert last is not None or not moment.dies, f"nothing is there yet before {act}"
    return {act: keys for act, keys in found.items() if keys}


def _server_program(view: GroupView, server: int) -> Iterator[tuple[Act, Moment]]:
    """The acts of a server with their moments, of which the exchange of norms has two."""
    acts = iter(server_acts(view, server))
    for moment in server_moments(view.group) if server in view.active_servers else ():
        if isinstance(moment.step, NormStep):
            yield next(acts), Moment(moment.step, (), (), ())
        yield next(acts), moment
