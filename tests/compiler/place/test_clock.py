"""The virtual clock of a step: pipelines with their bubbles, messages that are under way while others compute, servers."""

from __future__ import annotations

import pytest

from singalang_compiler.geometry import BATCH
from singalang_compiler.place.clock import Pace, spent, step_s
from singalang_compiler.place.programs import server_program, step_program
from singalang_compiler.plan_group import ClearStep, PullStep, PushStep, ReceiveStep, RunStep, SendStep, WorkerStep
from tests.compiler.place.cut_nets import Made, cut_net


def pipeline_s(stages: int, micro_batches: int, *, forward: float = 1.0, backward: float = 2.0, moved: float = 0.0) -> float:
    """A step of a pipeline whose stages all take the same time for each micro-batch; servers take none."""
    made: dict[tuple[int, int], Made] = {}
    calls: dict[tuple[int, str], float] = {}
    for stage in range(stages):
        reads = {(stage - 1, 0): BATCH} if stage else {}
        made[stage, 0] = Made(BATCH, own_parameters=True, loss=stage == stages - 1, fed=not stage, reads=reads)
        calls |= {(stage, "forward/0"): forward, (stage, "backward/0"): backward, (stage, "step/0"): forward + backward}
    net = cut_net(made, micro_batches=micro_batches)
    pace = Pace(calls=calls, moves={one.name: moved for one in net.connections})
    return step_s([step_program(net, stage, True) for stage in range(stages)], server_program(False), pace)


@pytest.mark.parametrize("stages", [2, 3, 4, 8])
@pytest.mark.parametrize("micro_batches", [1, 2, 4, 8, 32])
def test_a_pipeline_stands_still_for_a_share_of_stages_less_one_by_micro_batches(stages: int, micro_batches: int) -> None:
    busy = micro_batches * 3.0
    assert pipeline_s(stages, micro_batches) == pytest.approx(busy * (1 + (stages - 1) / micro_batches))


def test_messages_delay_the_first_micro_batch_on_its_way_there_and_back() -> None:
    assert pipeline_s(2, 1, moved=0.25) == pipeline_s(2, 1) + 0.5
    assert pipeline_s(2, 8, moved=0.25) < pipeline_s(2, 8) + 8 * 0.5


def test_who_sends_does_not_wait_and_who_receives_does() -> None:
    first: list[WorkerStep] = [RunStep(call="a"), SendStep(connection="c"), RunStep(call="b")]
    second: list[WorkerStep] = [RunStep(call="x"), ReceiveStep(connection="c"), RunStep(call="y")]
    calls = {(0, "a"): 1.0, (0, "b"): 5.0, (1, "x"): 2.0, (1, "y"): 1.0}
    assert step_s([first, second], (), Pace(calls=calls, moves={"c": 0.5})) == 6.0
    assert step_s([first, second], (), Pace(calls=calls, moves={"c": 9.0})) == 1 + 9 + 1


def test_servers_begin_when_the_last_gradient_is_there_and_workers_go_on_when_values_are() -> None:
    worker: list[WorkerStep] = [RunStep(call="a"), PushStep(), PullStep()]
    pace = Pace(
        calls={(0, "a"): 1.0, (1, "a"): 3.0},
        push_moves={0: 1.0, 1: 0.5},
        pull_moves={0: 0.25, 1: 0.75},
        collect_s=2.0,
        norm_s=0.125,
        server_calls={"update": 4.0},
    )
    assert step_s([worker, worker], server_program(False), pace) == 3 + 0.5 + 2 + 4 + 0.75
    assert step_s([worker, worker], server_program(True), pace) == 3 + 0.5 + 2 + 0.125 + 4 + 0.75


def test_giving_away_and_taking_over_keep_who_does_it_busy() -> None:
    first: list[WorkerStep] = [SendStep(connection="c"), RunStep(call="a"), PushStep(), PullStep()]
    second: list[WorkerStep] = [ReceiveStep(connection="c"), RunStep(call="b"), PushStep(), PullStep()]
    pace = Pace(
        calls={(0, "a"): 1.0, (1, "b"): 2.0},
        sends={"c": 0.5},
        receives={"c": 0.25},
        pushes={0: 0.125, 1: 0.125},
        publish_s=3.0,
        pulls={0: 4.0},
    )
    found = spent([first, second], server_program(False), pace)
    assert found.step_s == 0.5 + 0.25 + 2 + 0.125 + 3 + 4
    assert found.compute_s == (1.0, 2.0, 0.0) and found.moving_s == (4.625, 0.375, 3.0)


def test_every_instruction_has_its_price() -> None:
    assert step_s([[RunStep(call="a"), RunStep(call="b")]], (), Pace(calls={(0, "a"): 1.0}, act_s=0.5)) == 2.0


def test_more_processes_than_cores_share_them_but_who_waits_needs_none() -> None:
    worker: list[WorkerStep] = [RunStep(call="a"), PushStep(), PullStep()]
    calls = {(0, "a"): 1.0, (1, "a"): 3.0}
    pace = Pace(calls=calls, server_calls={"update": 1.0}, processes=(2, 2, 1), cores=2)
    assert step_s([worker, worker], server_program(False), pace) == 2.0 + 2.0 + 1.0
    many = Pace(calls=calls, server_calls={"update": 1.0}, processes=(1, 1, 4), cores=2)
    assert step_s([worker, worker], server_program(False), many) == 3.0 + 2.0


def test_where_nothing_is_learned_servers_have_nothing_to_do() -> None:
    assert step_s([[RunStep(call="a")]], server_program(False), Pace(calls={(0, "a"): 1.0}, collect_s=9.0)) == 1.0


def test_gradients_are_cleared_first_and_every_shard_is_pushed() -> None:
    program: list[WorkerStep] = [
        ClearStep(),
        RunStep(call="a"),
        PushStep(micro=0),
        RunStep(call="a", micro=1),
        PushStep(micro=1),
        PullStep(),
    ]
    pace = Pace(calls={(0, "a"): 1.0}, clears={0: 0.5}, push_moves={0: 2.0}, collect_s=1.0)
    assert step_s([program], server_program(False), pace) == 0.5 + 2 + 2 + 1


def test_a_program_that_waits_for_what_nobody_sends_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError, match="nobody sends"):
        step_s([[ReceiveStep(connection="c")]], (), Pace(calls={}))
