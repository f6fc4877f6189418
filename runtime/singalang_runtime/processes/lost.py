"""The loss of a process in words: what happened to it, and what is done about it. Knows no process and no folder."""

from __future__ import annotations

import signal

from singalang_runtime.codes.e0910_process_lost import ProcessLost
from singalang_runtime.protocol.watch import Lost
from singalang_runtime.report.words import duration

_WHILE = {
    "starting": "while it started",
    "compiling": "while it compiled kernels",
    "opening": "while it opened its data",
    "initialising": "while it made its first values",
    "training": "in step {step}",
    "waiting": "while it waited for others in step {step}",
    "evaluating": "in an evaluation after step {step}",
    "saving": "while it gave its values for a checkpoint after step {step}",
    "standing": "while it stood still after step {step}",
}


def happened(lost: Lost) -> str:
    """What became of a process, as the end of a sentence: `was killed by SIGKILL in step 37`."""
    doing = _WHILE.get(lost.doing, "in step {step}").format(step=lost.step)
    match lost.cause:
        case "dead":
            return f"{ended(lost.code)} {doing}"
        case "stopped":
            return f"stopped {doing}: no sign of life for {duration(lost.seconds)}"
        case "stuck" if lost.doing == "waiting":
            return f"waits for others in step {lost.step} for {duration(lost.seconds)}, and they wait too"
        case "stuck":
            return f"got stuck {doing}, for {duration(lost.seconds)}"


def ended(code: int | None) -> str:
    """How a process ended, by its code as `subprocess` gives it: `was killed by SIGKILL`."""
    if code is None or code == 0:
        return "ended by itself"
    return f"ended with exit code {code}" if code > 0 else f"was killed by {_signal(-code)}"


def words_of(lost: Lost) -> str:
    """A loss as the beginning of a sentence: ``process `worker-1` was killed by SIGKILL in step 37``."""
    return f"process `{lost.process}` {happened(lost)}"


def process_lost(
    lost: Lost, *, roles: tuple[str, ...], run: str, log: str | None, restarts: int, checkpoint: str | None, out_of_memory: bool
) -> ProcessLost:
    """The report of a loss that ends a run: the group had been started again `restarts` times; `checkpoint` is the last one."""
    return ProcessLost(lost.process, happened(lost), roles, run, log, restarts, checkpoint, out_of_memory)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
