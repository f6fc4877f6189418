"""The loss of a process in words."""

from __future__ import annotations

from typing import Any

import pytest

from singalang_grammar.diagnostics import Severity
from singalang_runtime.processes.lost import happened, process_lost, words_of
from singalang_runtime.processes.status import DOINGS
from singalang_runtime.protocol.watch import Lost


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        (Lost("a", "dead", "training", 37, 0.1, -9), "was killed by SIGKILL in step 37"),
        (Lost("a", "dead", "compiling", 0, 2.0, -11), "was killed by SIGSEGV while it compiled kernels"),
        (Lost("a", "dead", "starting", 0, 0.0, 1), "ended with exit code 1 while it started"),
        (Lost("a", "dead", "waiting", 5, 0.0, 0), "ended by itself while it waited for others in step 5"),
        (Lost("a", "dead", "standing", 40, 0.0, -200), "was killed by signal 200 while it stood still after step 40"),
        (Lost("a", "stopped", "training", 12, 1.62), "stopped in step 12: no sign of life for 1.6 s"),
        (Lost("a", "stuck", "opening", 0, 612.0), "got stuck while it opened its data, for 10 min 12 s"),
        (Lost("a", "stuck", "training", 9, 31.0), "got stuck in step 9, for 31 s"),
        (Lost("a", "stuck", "waiting", 9, 601.0), "waits for others in step 9 for 10 min 01 s, and they wait too"),
    ],
)
def test_what_became_of_a_process_is_told_with_what_it_was_doing(lost: Lost, told: str) -> None:
    assert happened(lost) == told
    assert words_of(lost) == f"process `a` {told}"


def test_every_doing_has_words_of_its_own() -> None:
    assert len({happened(Lost("a", "dead", doing, 1, 0.0, -9)) for doing in DOINGS}) == len(DOINGS)


def report(**more: Any) -> Any:
    facts: dict[str, Any] = {
        "roles": ("worker-1", "server-1"),
        "run": "runs/two words",
        "log": "runs/two words/logs/worker-1.log",
        "restarts": 3,
        "checkpoint": "step-00000020",
        "out_of_memory": False,
    }
    return process_lost(Lost("worker-1", "dead", "training", 37, 0.1, -9), **facts | more).diagnostic()


def test_the_report_names_the_process_and_the_command_that_goes_on() -> None:
    told = report()
    assert (told.code, told.severity) == ("E0910", Severity.ERROR)
    assert told.title == "process `worker-1` was killed by SIGKILL in step 37"
    assert told.where == (
        "runs/two words: it did the work of worker-1 and server-1; its group had been started again 3 times; "
        "its log is runs/two words/logs/worker-1.log"
    )
    assert told.hint == "to go on from step-00000020: singa exec --resume --run 'runs/two words'"


def test_the_report_says_that_memory_ran_out_and_leaves_out_what_is_not_known() -> None:
    told = report(out_of_memory=True, log=None, restarts=0, checkpoint=None, roles=())
    assert told.where == "runs/two words: its group was not started again"
    assert told.hint.startswith(
        "the machine ran out of memory: take a smaller `batch` or fewer processes; to go on from the beginning"
    )
    assert "1 time;" in report(restarts=1).where
