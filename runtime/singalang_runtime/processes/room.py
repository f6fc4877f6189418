"""Whether a machine has what several processes need: a system that can run them, cores and memory. Starts none of them."""

from __future__ import annotations

import sys
from pathlib import Path

from singalang_compiler.plan import Plan, SectionRecord
from singalang_grammar.diagnostics import Diagnostic
from singalang_runtime.codes.e0709_plan_processes import PlanProcesses
from singalang_runtime.codes.e0911_cores_few import CoresFew
from singalang_runtime.codes.e0912_memory_of_all import MemoryOfAll
from singalang_runtime.processes.cores import available

IDLE_BYTES = 100_000_000
"""What Python, NumPy and JAX hold in a process of their own before it has any array; libraries that processes share left out."""
_NAMES = {"win32": "Windows", "cygwin": "Windows", "darwin": "macOS"}


def check_room(plan: Plan, path: Path) -> tuple[Diagnostic, ...]:
    """What this machine lacks to run the processes of a plan, each for itself: errors that keep it from running, and warnings."""
    if len(plan.processes) <= 1:
        return ()
    return check_system(plan, path, sys.platform) or (*check_cores(plan, path, len(available())), *_check_memory(plan, path))


def check_system(plan: Plan, path: Path, platform: str) -> tuple[Diagnostic, ...]:
    """Whether a system (`sys.platform`) can run several processes of one job."""
    if platform == "linux" or len(plan.processes) <= 1:
        return ()
    return (PlanProcesses(str(path), len(plan.processes), _NAMES.get(platform, platform)).diagnostic(),)


def check_cores(plan: Plan, path: Path, cores: int) -> tuple[Diagnostic, ...]:
    """Whether there is a core for each process of a plan that works all the time: servers apart work while workers wait."""
    most = max((len(working(section)) for section in plan.sections), default=0)
    return (CoresFew(str(path), most, cores).diagnostic(),) if most > cores else ()


def working(section: SectionRecord) -> tuple[str, ...]:
    """The processes of a section that hold a worker."""
    if section.group is None:
        return ()
    return tuple(dict.fromkeys(process for role, process in section.group.processes.items() if role.startswith("worker-")))


def check_memory(plan: Plan, path: Path, free_bytes: int, all_bytes: int) -> tuple[Diagnostic, ...]:
    """Whether the processes of the section that needs most find room in what is free."""
    needed = max((needed_bytes(section) for section in plan.sections), key=lambda one: sum(count for _, count in one), default=())
    if sum(count for _, count in needed) <= free_bytes:
        return ()
    return (MemoryOfAll(str(path), needed, free_bytes, all_bytes).diagnostic(),)


def needed_bytes(section: SectionRecord) -> tuple[tuple[str, int], ...]:
    """What each process of a section is predicted to need, Python and JAX included; nothing for one without a group."""
    if section.group is None:
        return ()
    predicted = {name: one.total for one in section.group.memory for name in (one.process, *one.others)}
    return tuple((name, count + IDLE_BYTES) for name, count in sorted(predicted.items()))


def _check_memory(plan: Plan, path: Path) -> tuple[Diagnostic, ...]:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
        return check_memory(plan, path, sizes["MemAvailable"] + sizes["SwapFree"], sizes["MemTotal"] + sizes["SwapTotal"])
    except (OSError, KeyError, ValueError, IndexError):
        return ()  # a system that does not say


def memory_kills() -> int:
    """How many processes of this machine the system has ended for lack of memory; 0 where it does not say. It is read before a
    run and after a loss: a larger number then says why a process was killed."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
    except (OSError, ValueError):
        return 0
