"""The machines of workers and servers inside steps: events in, instructions out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from singalang_runtime.protocol.group import GroupView
from singalang_runtime.protocol.step_server import StepServer
from singalang_runtime.protocol.step_worker import StepWorker
from singalang_runtime.protocol.steps import (
    Arrived,
    Combine,
    EvaluationEnded,
    EvaluationWanted,
    Message,
    Pauses,
    PauseWanted,
    Post,
    RunCall,
    ServeFrom,
    StepsEnded,
    StepsWanted,
    TakeFields,
)
from tests.runtime.protocol.small import Small

GATHER = GroupView(Small(gather=True).group())


def block(step: int, back: bool = False, phase: str = "train") -> Message:
    """What worker 1 gives worker 0."""
    return Message("block", "worker-1", "worker-0", step, "gather0", phase, 0, back)


def gradient(worker: int, step: int) -> Message:
    return Message("gradient", f"worker-{worker}", "server-0", step)


VALUES = Message("values", "server-0", "worker-0", 0)


def test_a_worker_walks_its_program_and_waits_where_it_needs_others() -> None:
    worker = StepWorker(GATHER, 0)
    first = worker.handle(StepsWanted(0, 1))
    own = Message("block", "worker-0", "worker-1", 0, "gather0")
    assert first == [TakeFields("train", 0, 0), RunCall("forward/0", 0, 0), Post(own)]
    second = worker.handle(Arrived(block(0)))
    assert second[0] == Combine("block", (block(0),), 0, 0, "gather0", "train", 0, False)
    assert second[1:] == [RunCall("forward/1", 0, 0), RunCall("backward/1", 0, 0), Post(replace(own, back=True))]
    third = worker.handle(Arrived(block(0, back=True)))
    assert third[1:] == [RunCall("backward/0", 0, 0), Post(Message("gradient", "worker-0", "server-0", 0))]
    assert worker.handle(Arrived(VALUES)) == [Combine("values", (VALUES,), 0, 0), StepsEnded(1)]


def test_what_comes_early_is_kept_even_before_there_are_steps_to_do() -> None:
    worker = StepWorker(GATHER, 0)
    assert [worker.handle(Arrived(early)) for early in (block(1), block(0, back=True), block(0))] == [[], [], []]
    told = worker.handle(StepsWanted(0, 2))
    assert isinstance(told[-1], Post) and told[-1].message.what == "gradient"
    told = worker.handle(Arrived(VALUES))
    assert RunCall("forward/1", 1, 0) in told and StepsEnded(1) not in told


def test_messages_of_a_later_evaluation_are_told_from_those_of_an_earlier_one() -> None:
    worker = StepWorker(GATHER, 0)
    for number in range(3):
        worker.handle(Arrived(block(number, phase="val")))
    told = worker.handle(EvaluationWanted("val", 2))
    assert [one for one in told if isinstance(one, TakeFields)] == [TakeFields("val", 0, 0), TakeFields("val", 1, 0)]
    assert told[-1] == EvaluationEnded("val")
    told = worker.handle(EvaluationWanted("val", 1))
    posted = [one.message.step for one in told if isinstance(one, Post)]
    assert (told[0], posted, told[-1]) == (TakeFields("val", 0, 0), [2], EvaluationEnded("val"))


def test_a_worker_pauses_after_the_step_at_hand_and_says_so_at_once() -> None:
    worker = StepWorker(GATHER, 0)
    worker.handle(StepsWanted(3, 10))
    assert worker.handle(PauseWanted()) == [Pauses(4)]
    worker.handle(Arrived(block(3)))
    worker.handle(Arrived(block(3, back=True)))
    assert worker.handle(Arrived(replace(VALUES, step=3)))[-1] == StepsEnded(4)
    assert worker.handle(PauseWanted()) == []
    assert worker.handle(StepsWanted(4, 1))[0] == TakeFields("train", 4, 0)


def test_an_evaluation_goes_on_to_its_end() -> None:
    worker = StepWorker(GATHER, 0)
    worker.handle(EvaluationWanted("val", 2))
    assert worker.handle(PauseWanted()) == [Pauses(None)]
    worker.handle(Arrived(block(0, phase="val")))
    assert worker.handle(Arrived(block(1, phase="val")))[-1] == EvaluationEnded("val")


def test_a_server_adds_in_the_order_of_workers_whoever_comes_first() -> None:
    server = StepServer(GATHER, 0)
    assert server.handle(Arrived(gradient(1, 7))) == []
    assert server.handle(ServeFrom(7)) == []
    told = server.handle(Arrived(gradient(0, 7)))
    assert told[:2] == [Combine("gradient", (gradient(0, 7), gradient(1, 7)), 0, 7), RunCall("update", 7, 0)]
    assert told[2:] == [Post(Message("values", "server-0", f"worker-{worker}", 7)) for worker in (0, 1)]


def test_shards_are_added_in_their_order_and_named_by_number() -> None:
    server = StepServer(GroupView(Small(micro_batches=2, shards=4).group()), 0)
    server.handle(ServeFrom(0))
    shards = [replace(gradient(shard // 2, 0), micro=shard) for shard in range(4)]
    for message in (shards[3], shards[0], shards[2]):
        assert server.handle(Arrived(message)) == []
    assert server.handle(Arrived(shards[1]))[0] == Combine("gradient", tuple(shards), 4, 0)


def test_servers_exchange_their_square_sums_before_they_update() -> None:
    server = StepServer(GroupView(Small(servers=2, clip=True).group()), 1)
    server.handle(ServeFrom(0))
    own, other = (Message("square", f"server-{one}", f"server-{1 - one}", 0) for one in (1, 0))
    server.handle(Arrived(other))
    server.handle(Arrived(Message("gradient", "worker-1", "server-1", 0)))
    told = server.handle(Arrived(Message("gradient", "worker-0", "server-1", 0)))
    assert told[1:5] == [RunCall("square_sum", 0, 0), Post(own), Combine("square", (other,), 0, 0), RunCall("update", 0, 0)]


def test_a_server_that_holds_nothing_does_nothing() -> None:
    server = StepServer(GroupView(Small(servers=5).group()), 4)
    assert server.handle(ServeFrom(0)) == []


def test_a_server_that_is_told_its_step_again_begins_anew() -> None:
    server = StepServer(GATHER, 0)
    server.handle(ServeFrom(3))
    server.handle(Arrived(gradient(0, 3)))
    assert server.handle(ServeFrom(2)) == []
    server.handle(Arrived(gradient(0, 2)))
    assert server.handle(Arrived(gradient(1, 2)))[1] == RunCall("update", 2, 0)


def test_mistakes_of_ours_are_told_with_role_step_and_message() -> None:
    worker = StepWorker(GATHER, 0)
    worker.handle(StepsWanted(2, 3))
    foreign = replace(block(2), name="gather9")
    with pytest.raises(AssertionError, match=r"worker-0 in step 2 of train, at 3: nobody waits for Message\(.*gather9"):
        worker.handle(Arrived(foreign))
    with pytest.raises(AssertionError, match="nobody waits for"):
        worker.handle(Arrived(replace(block(2), sender="worker-0")))
    worker.handle(Arrived(block(3)))
    with pytest.raises(AssertionError, match=r"worker-0 in step 2 of train, at 3: Message\(.* came twice"):
        worker.handle(Arrived(block(3)))
    with pytest.raises(AssertionError, match="cannot begin with val"):
        worker.handle(EvaluationWanted("val", 1))
    server = StepServer(GATHER, 0)
    server.handle(ServeFrom(5))
    server.handle(Arrived(gradient(0, 4)))
    server.handle(Arrived(gradient(0, 5)))
    with pytest.raises(AssertionError, match=r"server-0 is done with step 5 of train and never wanted \[Message"):
        server.handle(Arrived(gradient(1, 5)))
