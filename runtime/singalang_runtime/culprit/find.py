"""Starts the process that looks for a culprit, and hears what it found. Knows neither JAX nor kernels, as befits a coordinator."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic

import msgspec

from singalang_runtime.culprit.records import Found, Norms
from singalang_runtime.report.words import duration

LIMIT_S = 120.0
"""How long a search may take, unless somebody asked for it."""
_START_S = 15.0
"""What a process needs before its time begins: it imports JAX."""
_LOOK_S = 0.1
"""Between two looks whether somebody asks to leave."""


def find_culprit(
    run: Path,
    section: int,
    step: int,
    *,
    data: Path | None = None,
    cache: Path | None = None,
    cores: Sequence[int] | None = None,
    limit_s: float = LIMIT_S,
    asked: Callable[[], bool] = lambda: False,
) -> Found:
    """The first layer, parameter or field that had what is not finite, seen after `step` steps of train section number `section`.

    Nobody writes to the run's folder meanwhile. The process has these `cores`, by default those of this one. It takes `limit_s`
    seconds at most, infinite for no limit, and ends as soon as it is `asked` to.
    """
    words = [str(run), "--section", str(section), "--step", str(step), "--limit", str(limit_s), *_folders(data, cache)]
    if cores is not None:
        words += ["--cores", ",".join(map(str, cores))]
    try:
        told = _told(words, limit_s, asked)
    except TimeoutError:
        return Found(why=f"it takes longer than {duration(limit_s)}", bounded=True)
    return msgspec.json.decode(told, type=Found) if isinstance(told, bytes) else Found(why=told)


def find_norms(
    run: Path, checkpoint: str, *, data: Path | None = None, cache: Path | None = None, limit_s: float = LIMIT_S
) -> Norms | str:
    """The sizes of everything in the step that follows a checkpoint, or why they are not known."""
    try:
        told = _told([str(run), "--norms", checkpoint, *_folders(data, cache)], limit_s, lambda: False)
    except TimeoutError:
        return f"it takes longer than {duration(limit_s)}"
    return msgspec.json.decode(told, type=Norms | str) if isinstance(told, bytes) else told


def _folders(data: Path | None, cache: Path | None) -> list[str]:
    given = (("--data", data), ("--cache", cache))
    return [word for option, folder in given if folder is not None for word in (option, str(folder))]


def _told(words: Sequence[str], limit_s: float, asked: Callable[[], bool]) -> bytes | str:
    """What the process printed, or why it printed nothing. Raises TimeoutError."""
    command = (sys.executable, "-P", "-m", "singalang_runtime.culprit", *words, "--parent", str(os.getpid()))
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError as failure:
        return f"no process could be started: {failure.strerror}"
    until = monotonic() + limit_s + _START_S
    with process:
        try:
            while True:
                if asked():
                    return "it was told to leave"
                if monotonic() > until:
                    raise TimeoutError
                with suppress(subprocess.TimeoutExpired):
                    told, _ = process.communicate(timeout=_LOOK_S)
                    break
        finally:
            if process.poll() is None:
                process.kill()
    lines = told.splitlines()  # a user's source kind may have printed others
    return lines[-1] if process.returncode == 0 and lines else f"the search ended with code {process.returncode}"
