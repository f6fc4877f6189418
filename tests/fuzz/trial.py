"""One mutant's way through the pipeline, watched: how it ended, how long it took, and whether what came out is sound."""

from __future__ import annotations

import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from singalang_compiler import pipeline
from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_grammar.read import read_source
from singalang_grammar.source import Source
from tests.fuzz.mutant import EXAMPLES, Mutant
from tests.fuzz.soundness import not_shown, unfaithful, unsound

LIMIT_S = 5.0
LAYER_S = 0.003
"""What a layer may take beyond the first thousand: ten times Lark's own time for the line that it stands on."""
HARD_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Trial:
    """How a mutant ended. `crash` is the traceback, or what is unsound about the outcome.

    `layers` is the number of nodes of all nets, where they are known; `runnable` says that there is something to train, by
    one worker, so that a plan can be made.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    crash: str | None = None
    seconds: float = 0.0
    layers: int = 0
    runnable: bool = False
    timed_out: bool = False

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that are errors."""
        return tuple(found for found in self.diagnostics if found.severity == "error")

    @property
    def slow(self) -> bool:
        """Whether it took longer than a program of its size may."""
        return self.timed_out or self.seconds > LIMIT_S + LAYER_S * max(0, self.layers - 1000)


class _OutOfTime(BaseException):
    """Past the hard limit; no `except Exception` can stop it."""


def try_mutant(mutant: Mutant) -> Trial:
    """Checks a mutant as far as `Placed`."""
    return _watched(lambda: pipeline.check(_request(mutant, check=True)), mutant)


def compile_mutant(mutant: Mutant) -> Trial:
    """Compiles a mutant to a plan and its kernels."""
    return _watched(lambda: pipeline.compile_program(_request(mutant, check=False)), mutant)


def _request(mutant: Mutant, *, check: bool) -> pipeline.Request:
    path = EXAMPLES / mutant.origin

    def read(wanted: str) -> Outcome[Source]:
        return Outcome(Source(wanted, mutant.text)) if Path(wanted) == path else read_source(wanted)

    return pipeline.Request(str(path), check=check, read=read)


def _watched(action: Callable[[], Outcome[Any]], mutant: Mutant) -> Trial:
    started = time.perf_counter()
    try:
        with _time_limit(HARD_LIMIT_S):
            outcome = action()
        seconds = time.perf_counter() - started
        faults = [*unsound(outcome), *not_shown(outcome), *unfaithful(mutant.text)]
        return Trial(outcome.diagnostics, "\n".join(faults) or None, seconds, _layers(outcome.value), _runnable(outcome.value))
    except _OutOfTime:
        return Trial(seconds=time.perf_counter() - started, timed_out=True)
    except Exception:
        return Trial(crash=traceback.format_exc(), seconds=time.perf_counter() - started)


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise _OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _runnable(value: Any) -> bool:
    shaped = getattr(value, "shaped", None)
    return bool(shaped and shaped.job.trains and len(value.processes) == 1)


def _layers(value: Any) -> int:
    shaped = getattr(value, "shaped", None)
    return sum(len(net.graph) for net in shaped.job.nets.values()) if shaped else 0
