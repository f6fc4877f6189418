"""Writing a compiled job: the plan and, beside it, its kernels. Nothing half-written is ever seen under a final name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from singalang_compiler.codes.e0790_plan_not_written import PlanNotWritten
from singalang_compiler.lower.lower import Compiled
from singalang_compiler.plan import kernels_folder, to_bytes
from singalang_grammar.diagnostics import Outcome

UNFINISHED = ".tmp"
"""End of the name of a file that is being written."""


def write(compiled: Compiled, path: Path) -> Outcome[Path]:
    """Writes the plan to `path`, kernels first, so that a plan that can be read has all its kernels.

    Where writing fails (a full disk, no permission) a plan that stood there before still stands, with its kernels.
    """
    folder = kernels_folder(path)
    files = {f"{key}.stablehlo": content for key, content in compiled.kernels.items()} | dict(compiled.user_files)
    added: list[Path] = []
    if path.exists() and not path.is_file():
        what = "is a directory" if path.is_dir() else "is no plain file"
        return Outcome(None, (PlanNotWritten(str(path), what).diagnostic(),))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(exist_ok=True)
        for name, content in sorted(files.items()):
            _add(folder / name, content, added)
        _write_whole(path, to_bytes(compiled.plan))
        _forget_others(folder, files)
    except OSError as failure:
        _remove(added)
        return Outcome(None, (PlanNotWritten(str(path), failure.strerror or str(failure)).diagnostic(),))
    return Outcome(path)


def _add(path: Path, content: bytes, added: list[Path]) -> None:
    if path.exists() and path.read_bytes() == content:
        return
    if not path.exists():
        added.append(path)
    _write_whole(path, content)


def _remove(files: Sequence[Path]) -> None:
    with suppress(OSError):
        for path in files:
            path.unlink(missing_ok=True)


def _write_whole(path: Path, content: bytes) -> None:
    """Writes under another name, then renames: a reader sees the old file or the new one."""
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _forget_others(folder: Path, files: Mapping[str, bytes]) -> None:
    """Removes what former plans of this name left: kernels and files that this plan does not name."""
    for other in sorted(folder.iterdir()):
        named = len(other.stem) == 64 and other.suffix in (".stablehlo", ".py")
        if other.name not in files and (named or other.name.endswith(UNFINISHED)):
            other.unlink()
