"""Makes the device ready for a plan and loads its kernels. Brings JAX in when it is used, not when it is imported."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from singalang_compiler.plan import Plan, kernels_folder
from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_runtime.allocator import keep_large_blocks
from singalang_runtime.codes.e0705_kernel_missing import KernelMissing
from singalang_runtime.codes.e0706_kernel_altered import KernelAltered
from singalang_runtime.codes.e0707_kernel_version import KernelVersion
from singalang_runtime.codes.e0708_plan_platform import PlanPlatform
from singalang_runtime.plan_files import kernel_file

if TYPE_CHECKING:
    from singalang_runtime.kernels import Kernel, KernelError


@dataclass(frozen=True)
class Device:
    """A device with kernels loaded: `surroundings` are the JAX version and the platform."""

    kernels: dict[str, Kernel]
    surroundings: tuple[str, str]

    def load(self, kernel: str) -> Kernel:
        """A kernel by its key in the plan."""
        return self.kernels[kernel]


def open_device(
    plan: Plan, path: Path, wanted: Collection[str], cache: Path | None, *, synchronous: bool = False
) -> Outcome[Device]:
    """The device with the wanted kernels of the plan at `path`. `cache`: folder in which compiled kernels are kept; `synchronous`:
    a kernel has finished when its call returns, where that can be had."""
    if "jax" not in sys.modules:
        keep_large_blocks()
    from singalang_runtime import kernels

    here = version("jax")
    try:
        kernels.check_version(plan.jax)
        double = any(section.precision == "f64" for section in plan.sections)
        kernels.configure(cache=_usable(cache), double=double, synchronous=synchronous)
        if kernels.backend() not in plan.platforms:
            return Outcome(None, (PlanPlatform(str(path), plan.platforms, kernels.backend()).diagnostic(),))
        loaded = {key: kernels.load(kernel_file(path, key), plan.kernels[key]) for key in sorted(wanted)}
    except kernels.KernelError as fault:
        return Outcome(None, (_explained(fault, plan, path, here),))
    return Outcome(Device(loaded, (here, kernels.backend())))


def _usable(cache: Path | None) -> Path | None:
    """The folder, made if need be; None where it cannot be: compiling then takes its time, and nothing is lost."""
    try:
        if cache is not None:
            cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return cache


def _explained(fault: KernelError, plan: Plan, path: Path, here: str) -> Diagnostic:
    match fault.problem:
        case "missing":
            return KernelMissing(str(path), str(kernels_folder(path)), fault.text.split("`")[1], 1).diagnostic()
        case "version":
            return KernelVersion(str(path), plan.jax, here).diagnostic()
        case "altered" | "unreadable":
            return KernelAltered(str(kernels_folder(path)), fault.text).diagnostic()
