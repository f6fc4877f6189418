"""A plan on the disk: read, checked against its own hash, copied with its kernels. Runs nothing and knows no JAX."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import msgspec

from singalang_compiler.plan import FORMAT, Plan, has_own_hash, kernels_folder
from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_runtime.codes.e0701_plan_missing import PlanMissing
from singalang_runtime.codes.e0702_not_a_plan import NotAPlan
from singalang_runtime.codes.e0703_plan_format import PlanFormat
from singalang_runtime.codes.e0704_plan_edited import PlanEdited
from singalang_runtime.codes.e0705_kernel_missing import KernelMissing
from singalang_runtime.codes.e0706_kernel_altered import KernelAltered


def kernel_file(plan_path: Path, kernel: str) -> Path:
    """The file of a kernel, given its key."""
    return kernels_folder(plan_path) / f"{kernel}.stablehlo"


def read_plan(path: Path) -> Outcome[Plan]:
    """The plan in a file: of a format that this version knows, and as it was made."""
    try:
        content = path.read_bytes()
    except OSError as failure:
        return _refused(PlanMissing(str(path), (failure.strerror or str(failure)).lower()).diagnostic())
    try:
        form = msgspec.json.decode(content, type=_Format).format
        if form.split(".")[0] != FORMAT.split(".")[0]:
            return _refused(PlanFormat(str(path), form, FORMAT).diagnostic())
        plan = msgspec.json.decode(content, type=Plan)
    except (msgspec.DecodeError, UnicodeDecodeError) as failure:
        return _refused(NotAPlan(str(path), _plainly(str(failure))).diagnostic())
    if not has_own_hash(content):
        return _refused(PlanEdited(str(path)).diagnostic())
    return Outcome(plan)


def check_kernels(plan: Plan, path: Path) -> tuple[Diagnostic, ...]:
    """What is wrong with the files beside a plan: missing ones, and ones that do not hold the bytes the plan names."""
    files = {kernel: kernel_file(path, kernel) for kernel in sorted(plan.kernels)}
    missing = [file for file in files.values() if not file.is_file()]
    if missing:
        return (KernelMissing(str(path), str(kernels_folder(path)), missing[0].name, len(missing)).diagnostic(),)
    found = ((kernel, file, hashlib.sha256(file.read_bytes()).hexdigest()) for kernel, file in files.items())
    fault = "its content does not have the hash in its name"
    return tuple(KernelAltered(str(file), fault).diagnostic() for kernel, file, sha256 in found if sha256 != kernel)


def copy_plan(plan: Plan, source: Path, target: Path) -> None:
    """Copies a plan, its kernels and its users' sources. May raise OSError."""
    kernels_folder(target).mkdir()
    for kernel in sorted(plan.kernels):
        shutil.copyfile(kernel_file(source, kernel), kernel_file(target, kernel))
    for name in sorted(user_files(plan)):
        shutil.copyfile(kernels_folder(source) / name, kernels_folder(target) / name)
    shutil.copyfile(source, target)


def user_files(plan: Plan) -> set[str]:
    """Names of the files beside the kernels that hold users' kinds of sources."""
    uses = (use.source.file for data in plan.data for use in data.sources.values())
    return {name for name in uses if name is not None}


class _Format(msgspec.Struct):
    format: str


def _refused(fault: Diagnostic) -> Outcome[Plan]:
    return Outcome(None, (fault,))


def _plainly(text: str) -> str:
    first = text[:1] if text[1:2].isupper() else text[:1].lower()  # JSON stays JSON
    return first + text[1:].removesuffix(".")
