"""Starts the process that looks for a culprit, and hears what it found. Knows neither JAX nor kernels, as befits a coordinator."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from math import isfinite
from pathlib import Path

import msgspec

from singalang_runtime.culprit.records import Found, Norms
from singalang_runtime.report.words import duration

LIMIT_S = 120.0
"""How long a search may take, unless somebody asked for it."""
_START_S = 15.0
"""What a process needs before its time begins: it imports JAX."""


def find_culprit(
    run: Path, section: int, step: int, *, data: Path | None = None, cache: Path | None = None, limit_s: float = LIMIT_S
) -> Found:
    """The first layer, parameter or field that had what is not finite, seen after `step` steps of train section number `section`.

    Nobody writes to the run's folder meanwhile. It takes `limit_s` seconds at most, infinite for no limit.
    """
    words = [str(run), "--section", str(section), "--step", str(step), "--limit", str(limit_s), *_folders(data, cache)]
    try:
        told = _told(words, limit_s)
    except subprocess.TimeoutExpired:
        return Found(why=f"it takes longer than {duration(limit_s)}", bounded=True)
    return msgspec.json.decode(told, type=Found) if isinstance(told, bytes) else Found(why=told)


def find_norms(
    run: Path, checkpoint: str, *, data: Path | None = None, cache: Path | None = None, limit_s: float = LIMIT_S
) -> Norms | str:
    """The sizes of everything in the step that follows a checkpoint, or why they are not known."""
    try:
        told = _told([str(run), "--norms", checkpoint, *_folders(data, cache)], limit_s)
    except subprocess.TimeoutExpired:
        return f"it takes longer than {duration(limit_s)}"
    return msgspec.json.decode(told, type=Norms | str) if isinstance(told, bytes) else told


def _folders(data: Path | None, cache: Path | None) -> list[str]:
    given = (("--data", data), ("--cache", cache))
    return [word for option, folder in given if folder is not None for word in (option, str(folder))]


def _told(words: Sequence[str], limit_s: float) -> bytes | str:
    """What the process printed, or why it printed nothing. Raises subprocess.TimeoutExpired."""
    command = (sys.executable, "-P", "-m", "singalang_runtime.culprit", *words, "--parent", str(os.getpid()))
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError as failure:
        return f"no process could be started: {failure.strerror}"
    with process:
        try:
            told, _ = process.communicate(timeout=limit_s + _START_S if isfinite(limit_s) else None)
        finally:
            if process.poll() is None:
                process.kill()
    lines = told.splitlines()  # a user's source kind may have printed others
    return lines[-1] if process.returncode == 0 and lines else f"the search ended with code {process.returncode}"
