"""Starts the processes of a job and ends them: fresh interpreters with a stream to the coordinator, never forks. Knows no
message."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, sleep

MODULE = "singalang_runtime.processes.child"
_END_S = 5.0
"""How long a process that was told to end may take."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process that was started. `stream` goes to it, `log` is what it writes to its standard output and error; `gone` is a
    descriptor that becomes readable when it has ended, or -1 where the system has no such thing."""

    name: str
    popen: subprocess.Popen[bytes]
    stream: socket.socket
    log: int
    gone: int

    @property
    def code(self) -> int | None:
        """With which code it ended, a signal as its negative number; None while it runs."""
        return self.popen.poll()

    def kill(self) -> None:
        """Ends it at once, even if it is stopped."""
        if self.popen.poll() is None:
            with suppress(ProcessLookupError):
                self.popen.kill()

    def close(self) -> None:
        """Waits for its end, and lets go of all descriptors. It was told to end or killed."""
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(_END_S)
        self.kill()
        self.popen.wait()
        self.stream.close()
        for descriptor in (self.log, self.gone):
            if descriptor >= 0:
                os.close(descriptor)


def start(names: Sequence[str], cores: Sequence[Sequence[int]], inherited: Sequence[int]) -> tuple[Process, ...]:
    """Starts a process for each name, bound to its cores, with the `inherited` descriptors under their own numbers."""
    started: list[Process] = []
    try:
        for name, own in zip(names, cores, strict=True):
            started.append(_start(name, own, inherited))
    except BaseException:
        end(started)
        raise
    return tuple(started)


def end(processes: Sequence[Process], *, at_once: bool = True) -> None:
    """Ends processes by their ids and waits for them; `at_once` they are killed, else they were told to end and have their time."""
    if at_once:
        for process in processes:
            process.kill()
    else:
        deadline = monotonic() + _END_S
        while any(process.code is None for process in processes) and monotonic() < deadline:
            sleep(0.002)
        for process in processes:
            process.kill()
    for process in processes:
        process.close()


def _start(name: str, cores: Sequence[int], inherited: Sequence[int]) -> Process:
    ours, theirs = socket.socketpair()
    read, write = os.pipe()
    try:
        words = (str(theirs.fileno()), str(os.getpid()), ",".join(map(str, cores)), name)
        popen = subprocess.Popen(
            (sys.executable, "-P", "-m", MODULE, *words),
            stdin=subprocess.DEVNULL,
            stdout=write,
            stderr=write,
            pass_fds=(theirs.fileno(), *inherited),
        )
    except BaseException:
        ours.close()
        os.close(read)
        raise
    finally:
        theirs.close()
        os.close(write)
    return Process(name, popen, ours, read, _descriptor_of(popen.pid))


def _descriptor_of(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1


def signal_name(code: int) -> str:
    """The name of the signal that ended a process, such as SIGKILL; `code` is its negative number."""
    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
