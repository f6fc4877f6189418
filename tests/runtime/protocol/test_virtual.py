"""Steps on a virtual clock, against times that can be worked out by hand."""

from __future__ import annotations

import pytest

from singalang_runtime.protocol.group import GroupView
from singalang_runtime.protocol.steps import Combine, Message, RunCall, StepInstruction
from singalang_runtime.protocol.virtual import Timeline, run_steps
from tests.runtime.protocol.small import Small

FORWARD, BACKWARD, UPDATE, LATENCY = 1.0, 2.0, 0.25, 0.125
"""Seconds; sums of them are exact."""


def timed(small: Small, steps: int = 1, latency_s: float = LATENCY) -> Timeline:
    """Calls by their kind, messages all alike, everything else at once."""

    def work_s(_: str, instruction: StepInstruction) -> float:
        kinds = {"forward": FORWARD, "backward": BACKWARD, "update": UPDATE, "square_sum": 0.0}
        return kinds[instruction.call.split("/")[0]] if isinstance(instruction, RunCall) else 0.0

    return run_steps(GroupView(small.group()), steps, work_s, lambda _: latency_s)


def test_workers_that_share_a_batch_wait_for_the_server_once_a_step() -> None:
    step = FORWARD + BACKWARD + LATENCY + UPDATE + LATENCY
    timeline = timed(Small(workers=3), steps=4)
    assert timeline.ended_s == {f"worker-{one}": tuple(step * done for done in (1, 2, 3, 4)) for one in range(3)}


def test_clipping_by_norm_costs_one_message_more() -> None:
    assert timed(Small(servers=2, clip=True)).total_s == timed(Small(servers=2)).total_s + LATENCY


@pytest.mark.parametrize(("stages", "micro_batches"), [(2, 1), (2, 4), (3, 4), (4, 8)])
def test_stages_idle_for_one_micro_batch_less_than_there_are_stages(stages: int, micro_batches: int) -> None:
    """1F1B: a step takes (micro-batches + stages - 1) times the two passes of one."""
    timeline = timed(Small(stages, stages, micro_batches, stages), latency_s=0.0)
    assert timeline.total_s == (micro_batches + stages - 1) * (FORWARD + BACKWARD) + UPDATE


def test_who_sends_goes_on_working_and_who_waits_does_not() -> None:
    """The last stage turns back at once; the first gets its gradients while it does the next forward pass."""
    timeline = timed(Small(2, 2, 2, 2))
    there = FORWARD + LATENCY
    assert [(span.role, span.call, span.micro, span.begin_s) for span in timeline.calls if span.role == "worker-1"] == [
        ("worker-1", "forward/0", 0, there),
        ("worker-1", "backward/0", 0, there + FORWARD),
        ("worker-1", "forward/0", 1, there + FORWARD + BACKWARD),
        ("worker-1", "backward/0", 1, there + 2 * FORWARD + BACKWARD),
    ]
    ended = there + 2 * (FORWARD + BACKWARD) + LATENCY + BACKWARD
    assert timeline.ended_s["worker-0"] == (ended + LATENCY + UPDATE + LATENCY,)


def test_putting_together_takes_the_time_that_it_is_said_to_take() -> None:
    def work_s(role: str, instruction: StepInstruction) -> float:
        return 1.0 if isinstance(instruction, Combine) and instruction.what == "gradient" else 0.0

    def message_s(message: Message) -> float:
        return 3.0 if message.sender == "worker-1" else 0.0

    assert run_steps(GroupView(Small().group()), 2, work_s, message_s).total_s == 8.0


def test_the_same_steps_have_the_same_times() -> None:
    assert timed(Small(4, 2, 4, 3, gather=True), 3) == timed(Small(4, 2, 4, 3, gather=True), 3)
