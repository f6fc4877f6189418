"""The speeds of this machine, measured in fresh processes that are bound to the cores they measure."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import msgspec

from singalang_compiler.machine import Machine
from singalang_grammar.diagnostics import CompilerBug
from singalang_runtime.processes.cores import available

LIMIT_S = 120
"""A process that measures longer never ends."""
_PRICES = {
    "product_elements": "product_element_s",
    "simple": "simple_s",
    "powers": "power_s",
    "roots": "root_s",
    "places": "place_s",
    "transposed": "transposed_s",
    "updated": "updated_s",
    "summed": "summed_s",
    "row_summed": "row_summed_s",
    "drawn": "drawn_s",
    "routines": "routine_s",
}
"""Seconds for one of each kind of work, as measured and as the machine calls them."""
_SPEEDS = {
    "product_flops": "matmul_flops_s",
    "conv_flops": "conv_flops_s",
    "far_bytes": "memory_bytes_s",
    "near_bytes": "near_bytes_s",
}
"""Kinds of work of which the machine has the speed."""
_FASTEST = 1e15
"""What costs nothing to measure is so fast."""


def calibrate(tell: Callable[[str], None], name: str = "") -> Machine:
    """Measures this machine, on the cores that this process may use; `tell` hears what is measured next."""
    cores = available()
    own = [str(core) for core in cores]
    tell("kernels on one core")
    (kernels,) = _processes("kernels", own[:1])
    tell("copies and messages")
    (copies,) = _processes("copies", own[:1])
    messages = _messages(cores)
    tell("a process with all cores")
    (one,) = _processes("alone", own[:1])
    (all_,) = _processes("several", [",".join(own)]) if len(own) > 1 else (one,)
    tell("a process on every core")
    crowd = _processes("alone", own) if len(own) > 1 else [one]
    measured = _kernel_fields(kernels) | _copy_fields(copies) | messages | _scaling_fields(one, all_, crowd)
    sizes = {"cores": len(cores), "memory_bytes": _memory_bytes(), "process_bytes": round(kernels["process_bytes"])}
    return msgspec.convert({"name": name or platform.node() or "measured", **sizes, **measured}, Machine)


def _kernel_fields(found: dict[str, float]) -> dict[str, float]:
    prices = {field: found[kind] for kind, field in _PRICES.items() if kind in found}
    speeds = {field: min(_FASTEST, 1 / max(found[kind], 1 / _FASTEST)) for kind, field in _SPEEDS.items() if kind in found}
    rest = {field: found[field] for field in ("call_s", "act_s", "dispatch_s")}
    return prices | speeds | rest


def _copy_fields(found: dict[str, float]) -> dict[str, float]:
    return found | {"link_bytes_s": found["copy_bytes_s"]}


def _scaling_fields(one: dict[str, float], all_: dict[str, float], crowd: Sequence[dict[str, float]]) -> dict[str, float]:
    """Never below 1, which only a disturbed measurement gives."""

    def slower(names: Sequence[str]) -> float:
        return max(1.0, sum(each[name] / one[name] for each in crowd for name in names) / len(crowd) / len(names))

    loops = [name for name in one if name.startswith("loops")]
    return {
        "product_scaling": max(1.0, one["products"] / all_["products"]),
        "loop_scaling": max(1.0, sum(one[name] / all_[name] for name in loops) / len(loops)),
        "memory_scaling": max(1.0, len(crowd) / slower(["streaming"])),
        "crowding": slower(["products", *loops]),
    }


def _messages(cores: Sequence[int]) -> dict[str, float]:
    """Nothing where there is but one core, or the system has no such messages: then nothing is known of them."""
    if len(cores) < 2 or not hasattr(os, "eventfd"):
        return {}
    (found,) = _processes("messages", [f"{cores[0]},{cores[1]}"])
    return found


def _processes(what: str, cores: Sequence[str]) -> list[dict[str, float]]:
    """What processes measured at the same time, one for each entry of `cores`."""
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "singalang_runtime.calibrate.measuring", str(os.getpid()), what, own],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for own in cores
        ]
        for process in started:
            stack.callback(process.kill)
        return [_answer(process, what) for process in started]


def _answer(process: subprocess.Popen[str], what: str) -> dict[str, float]:
    try:
        told, faults = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        raise CompilerBug(f"the process that measures {what} does not end") from None
    if process.returncode:
        raise CompilerBug(f"the process that measures {what} ended with {process.returncode}:\n{faults[-2000:]}")
    return msgspec.json.decode(told.splitlines()[-1], type=dict[str, float])


def _memory_bytes() -> int:
    """Of the whole machine; that of the reference where the system does not say."""
    if {"SC_PHYS_PAGES", "SC_PAGE_SIZE"} <= {*getattr(os, "sysconf_names", ())}:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine().memory_bytes
