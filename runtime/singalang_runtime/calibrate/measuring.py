"""A process that measures: `python -m singalang_runtime.calibrate.measuring PARENT WHAT CORES` prints what it found as JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import msgspec

from singalang_runtime.allocator import keep_large_blocks
from singalang_runtime.processes.child import die_with
from singalang_runtime.processes.cores import available, bind


def kernels() -> dict[str, float]:
    """The prices of a kernel's work on one core, and what a process holds that has JAX."""
    from singalang_runtime.calibrate.acts import ROUTINES, instruction_costs
    from singalang_runtime.calibrate.clocks import seconds_of
    from singalang_runtime.calibrate.prices import Measured, prices_of
    from singalang_runtime.calibrate.probes import called, dispatched, probes, small_net

    idle_bytes = _held_bytes()
    measured = [Measured(one.name, one.work(), seconds_of(one.ready(), 0.25)) for one in probes()]
    call_s, prices = prices_of(measured)
    costs = instruction_costs(small_net().ready(), *called())
    member = {"call_s": max(call_s, costs["called_s"] - ROUTINES * prices["routines"]), "act_s": costs["act_s"]}
    return {**member, "process_bytes": idle_bytes, "dispatch_s": seconds_of(dispatched(), 0.3), **prices}


def several(clock: Callable[[], float] = perf_counter) -> dict[str, float]:
    """Seconds of products, of loops and of streaming, by the clock on the wall."""
    from singalang_runtime.calibrate.clocks import seconds_of
    from singalang_runtime.calibrate.probes import scaling_probes

    return {one.name: seconds_of(one.ready(), 1.0, clock) for one in scaling_probes()}


def alone() -> dict[str, float]:
    """The same on one core, by the time of this process."""
    return several(process_time)


def messages() -> dict[str, float]:
    """What messages to another process cost."""
    from singalang_runtime.calibrate.messages import message_costs

    first, second = sorted(available())[:2]
    return message_costs((first, second))


def copies() -> dict[str, float]:
    """Copies outside kernels."""
    from singalang_runtime.calibrate.copies import copying

    return copying()


_MEASURES: dict[str, Callable[[], dict[str, float]]] = {
    "kernels": kernels,
    "several": several,
    "alone": alone,
    "copies": copies,
    "messages": messages,
}


def main(parent: str, what: str, cores: str) -> None:
    """Measures, bound to these cores."""
    die_with(int(parent))
    bind([int(core) for core in cores.split(",")])
    if what not in ("copies", "messages"):
        keep_large_blocks()
        import_synchronous_jax()
    found = _MEASURES[what]()
    print(msgspec.json.encode(found).decode())


def import_synchronous_jax() -> None:
    """As the processes of a group have it: a kernel has finished when its call returns."""
    from singalang_runtime.kernels import backend, configure

    configure(cache=None, double=False, synchronous=True)
    backend()


def _held_bytes() -> float:
    text = Path("/proc/self/statm").read_text(encoding="ascii") if Path("/proc/self/statm").exists() else "0 0"
    return float(text.split()[1]) * 4096


if __name__ == "__main__":
    main(*sys.argv[1:4])
