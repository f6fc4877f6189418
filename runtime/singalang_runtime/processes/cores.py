"""Which cores each process of a job has. Knows no process but by name."""

from __future__ import annotations

import os
from collections.abc import Sequence


def available() -> tuple[int, ...]:
    """The cores that this process may use, ascending; where the system does not say, as many as it has."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def shares(processes: Sequence[str], cores: Sequence[int], alone: bool = False) -> tuple[tuple[int, ...], ...]:
    """The cores of each process: the same number for each where there is one for each, what is left over for none.

    Where there are fewer, workers have their own as far as they go, and what remains goes round again; servers, which work while
    workers wait, have all cores. With `alone` no process has more than one.
    """
    if len(processes) <= len(cores):
        each = 1 if alone else len(cores) // len(processes)
        return tuple(tuple(cores[number * each : (number + 1) * each]) for number in range(len(processes)))
    workers = [name for name in processes if not name.startswith("server-")]
    own = {name: (cores[number % len(cores)],) for number, name in enumerate(workers)}
    return tuple(own.get(name, tuple(cores)) for name in processes)


def bind(cores: Sequence[int]) -> None:
    """Binds this process to cores, where the system can; to be done before JAX counts them."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
