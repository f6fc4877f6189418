"""The main module of every process of a group: it is told what it is, and works until it is told to leave. Started by `launch`.

The first lines run before anything heavy is imported: the process must die with its parent, and JAX counts cores when it starts.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys

from singalang_runtime.processes.cores import bind

_PR_SET_PDEATHSIG = 1  # of Linux's prctl.h


def main(arguments: list[str]) -> None:
    """`arguments`: descriptor of the stream to the coordinator, the coordinator's id, the cores to bind to, the process's name."""
    stream, parent, cores, name = arguments
    die_with(int(parent))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the coordinator, which knows what to do
    bind([int(core) for core in cores.split(",")])
    from singalang_runtime.allocator import keep_large_blocks

    keep_large_blocks()
    from singalang_runtime.processes.working import work

    sys.exit(work(name, socket.socket(fileno=int(stream))))


def die_with(parent: int) -> None:
    """Has the system kill this process when its parent dies, where it can; ends it if that has happened already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
