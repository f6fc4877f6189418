"""What is there of a job while it runs and when it is over: processes by a mark in their environment, blocks of memory."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

MARK = "SINGALANG_MARK"
CHILD = "singalang_runtime.processes.child"
COORDINATOR = "coordinator"


@dataclass(frozen=True)
class Present:
    """A process of a job: its id, and its name in the job."""

    pid: int
    name: str


def present(mark: str) -> tuple[Present, ...]:
    """The living processes that have the mark, which they inherit; what has ended and is not yet reaped does not count."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it has just ended, or is somebody else's
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(Present(int(entry.name), _name((entry / "cmdline").read_bytes())))
    return tuple(sorted(found, key=lambda one: one.name))


def _name(words: bytes) -> str:
    """The name is the last word of the command of every process that a coordinator started."""
    parts = words.decode().rstrip("\0").split("\0")
    return parts[-1] if CHILD in parts else COORDINATOR


def gone(mark: str, within_s: float) -> float | None:
    """After how many seconds no process with the mark was there; None if some are still there after `within_s`."""
    begun = monotonic()
    while present(mark):
        if monotonic() - begun > within_s:
            return None
        sleep(0.005)
    return monotonic() - begun


def end_all(mark: str) -> None:
    """Ends what is left, each by its id."""
    for one in present(mark):
        with suppress(ProcessLookupError):
            os.kill(one.pid, 9)


def named_memory() -> set[str]:
    """Blocks of shared memory that have a name, and that no living process has mapped: those were left behind."""
    names = set(os.listdir("/dev/shm")) if Path("/dev/shm").is_dir() else set()
    if names:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    maps = (entry / "maps").read_text()
                    names = {name for name in names if f"/dev/shm/{name}" not in maps}
    return names


def shared_bytes() -> int:
    """Bytes of memory of all processes that has no file on a disk: blocks without a name count as long as somebody holds them."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Shmem:"))
