"""Which processes a job has and which roles live in each. Knows how many workers and servers there are, not what they do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from singalang_compiler.job import Topology
from singalang_compiler.place.placed import Process

_ROLES = ("coordinator", "worker", "server")


def homes_of(topology: Topology) -> dict[str, str]:
    """The process of every worker and server, by its name: `worker-3`, `server-1`.

    Every worker has a process of its own. A server lives with the worker of its number, unless servers are separate or there is
    no such worker; then it has a process of its own.
    """
    servers = topology.server_groups * topology.servers_per_group
    found = {f"worker-{number}": f"worker-{number}" for number in range(topology.workers)}
    inside = servers_inside(topology)
    for number in range(servers):
        found[f"server-{number}"] = f"worker-{number}" if number < inside else f"server-{number}"
    return found


def servers_inside(topology: Topology) -> int:
    """How many servers live with the workers of their numbers: the first ones."""
    return 0 if topology.separate else min(topology.workers, topology.server_groups * topology.servers_per_group)


def processes_of(homes: Iterable[Mapping[str, str]]) -> tuple[Process, ...]:
    """The processes in which all these roles live, workers' before servers', the coordinator in the first.

    Processes of following numbers that hold the same roles are told once, by the first one's name and how many there are.
    """
    held: dict[str, set[str]] = {"worker-0": {"coordinator"}}
    for home in homes:
        for role, process in home.items():
            held.setdefault(process, set()).add(role.partition("-")[0])
    roles = {process: tuple(role for role in _ROLES if role in held[process]) for process in sorted(held, key=_place)}
    found: list[Process] = []
    for process, alike in roles.items():
        last = found[-1] if found else None
        if last and last.roles == alike and _place(process) == _after(last):
            found[-1] = replace(last, count=last.count + 1)
        else:
            found.append(Process(process, alike))
    return tuple(found)


def _after(process: Process) -> tuple[bool, int]:
    server, number = _place(process.name)
    return server, number + process.count


def _place(process: str) -> tuple[bool, int]:
    kind, _, number = process.partition("-")
    return kind == "server", int(number)


def process_names(process: Process) -> Iterator[str]:
    """The names of all processes that a record stands for."""
    kind, _, number = process.name.partition("-")
    return (f"{kind}-{int(number) + place}" for place in range(process.count))
