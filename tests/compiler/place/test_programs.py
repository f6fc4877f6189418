"""Programs: nobody waits for ever, everything is there when it is read, and micro-batches go one forward, one backward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalang_compiler.geometry import BATCH, PARTIAL, WHOLE, by_feature
from singalang_compiler.partition.cut_net import CutNet
from singalang_compiler.place.programs import backward_order, evaluation_program, server_program, step_program
from singalang_compiler.place.rings import slots_of
from singalang_compiler.plan_group import (
    ClearStep,
    CollectStep,
    FeedStep,
    NormStep,
    PublishStep,
    PullStep,
    PushStep,
    ReceiveStep,
    RunStep,
    SendStep,
    WorkerStep,
)
from tests.compiler.place.cut_nets import Made, cut_net, random_pieces
from tests.compiler.place.playing import Game


def programs(net: CutNet) -> list[tuple[WorkerStep, ...]]:
    """The program of every stage."""
    return [step_program(net, stage, learns(net, stage)) for stage in range(net.stages)]


def learns(net: CutNet, stage: int) -> bool:
    """Whether something in a stage learns, as far as its pieces tell."""
    return any(piece.backward != "none" for piece in net.of_stage(stage))


def rings(net: CutNet, found: Sequence[tuple[WorkerStep, ...]]) -> list[dict[str, int]]:
    """The slots of every stage's arrays."""
    return [slots_of(net, stage, program) for stage, program in enumerate(found)]


def pipeline(stages: int, micro_batches: int, per_stage: int = 1, shards: int = 0) -> CutNet:
    """One piece a stage, each of which learns and reads the one before it."""
    made = {(stage, 0): Made(BATCH, True, stage == stages - 1, stage == 0) for stage in range(stages)}
    for stage in range(1, stages):
        made[stage, 0].reads[stage - 1, 0] = BATCH
    return cut_net(made, per_stage=per_stage, micro_batches=micro_batches, shards=shards)


@st.composite
def cut_nets(draw: st.DrawFn, most_per_stage: int = 3) -> CutNet:
    """Any net of up to four stages."""
    made = random_pieces(Random(draw(st.integers(0, 2**32))), draw(st.integers(1, 4)))
    micro_batches = draw(st.integers(1, 6))
    shards = draw(st.sampled_from([0, 0, 1])) * micro_batches
    return cut_net(made, per_stage=draw(st.integers(1, most_per_stage)), micro_batches=micro_batches, shards=shards)


@settings(deadline=None)
@given(cut_nets(), st.integers(0, 2**32))
def test_whoever_goes_first_nobody_waits_for_ever_and_all_is_there_when_it_is_read(net: CutNet, seed: int) -> None:
    found = programs(net)
    game = Game(net, found, rings(net, found))
    game.play(Random(seed))
    for player in game.players:
        shards = list(range(net.micro_batches)) if net.shards else [None]
        assert player.pushed == (shards if learns(net, player.stage) else [])
        assert player.pulled == learns(net, player.stage)


@settings(deadline=None, max_examples=50)
@given(cut_nets(most_per_stage=1), st.integers(0, 2**32))
def test_no_array_has_more_slots_than_it_needs(net: CutNet, seed: int) -> None:
    found = programs(net)
    slots = rings(net, found)
    several = [(stage, name) for stage, own in enumerate(slots) for name, count in own.items() if count > 1]
    for stage, name in several[:: max(1, len(several) // 3)]:
        fewer: list[Mapping[str, int]] = list(slots)
        fewer[stage] = {**slots[stage], name: slots[stage][name] - 1}
        with pytest.raises(AssertionError, match=r"finds|lacks"):
            Game(net, found, fewer).play(Random(seed))


@settings(deadline=None)
@given(cut_nets())
def test_every_connection_is_used_once_each_way_in_every_micro_batch(net: CutNet) -> None:
    steps = [step for program in programs(net) for step in program]
    for connection in net.connections:
        for micro in range(net.micro_batches):
            for back in (False, True) if connection.returns else (False,):
                assert steps.count(SendStep(connection=connection.name, micro=micro, back=back)) == 1
                assert steps.count(ReceiveStep(connection=connection.name, micro=micro, back=back)) == 1


def order(program: Sequence[WorkerStep]) -> str:
    """The passes of a program: `F0 F1 B0 B1`."""
    short = {"forward": "F", "step": "F", "backward": "B"}
    runs = [step for step in program if isinstance(step, RunStep)]
    return " ".join(f"{short[step.call.partition('/')[0]]}{step.micro}" for step in runs)


@pytest.mark.parametrize(("stages", "micro_batches"), [(2, 1), (2, 4), (3, 2), (3, 8), (4, 8), (4, 3)])
def test_micro_batches_go_in_the_order_of_a_common_clock(stages: int, micro_batches: int) -> None:
    net = pipeline(stages, micro_batches)
    for stage in range(stages):
        forward = [(2 * micro + stage, f"F{micro}") for micro in range(micro_batches)]
        backward = [(2 * micro + 2 * stages - 1 - stage, f"B{micro}") for micro in range(micro_batches)]
        last = stage == stages - 1
        wanted = [what for _, what in sorted(forward + ([] if last else backward))]
        assert order(step_program(net, stage, True)) == " ".join(wanted)


def test_the_first_of_three_stages_is_two_micro_batches_ahead() -> None:
    assert order(step_program(pipeline(3, 4), 0, True)) == "F0 F1 F2 B0 F3 B1 B2 B3"
    assert order(step_program(pipeline(3, 4), 1, True)) == "F0 F1 B0 F2 B1 F3 B2 B3"


@pytest.mark.parametrize("micro_batches", [1, 2, 3, 4, 9])
def test_a_stage_holds_as_many_micro_batches_as_it_is_ahead_and_one_more(micro_batches: int) -> None:
    net = pipeline(4, micro_batches)
    for stage in range(3):
        slots = slots_of(net, stage, step_program(net, stage, True))
        assert slots["kept/0"] == min(micro_batches, 4 - stage)
        assert slots[f"gradient/v{stage}.0@batch/v{stage}.0>{stage + 1}batch"] == 1
    assert set(slots_of(net, 3, step_program(net, 3, True)).values()) == {1}


def test_what_is_only_sent_needs_one_slot_where_the_backward_pass_does_not_read_it() -> None:
    net = pipeline(3, 4)
    program = step_program(net, 0, True)
    assert slots_of(net, 0, program)["v0.0@batch"] == 1
    reads_output = {"forward/0": ("d.x@batch", "v0.0@batch"), "backward/0": ("v0.0@batch",)}
    assert slots_of(net, 0, program, reads_output)["v0.0@batch"] == 3


def test_a_net_cut_by_batch_alone_is_one_call() -> None:
    net = cut_net({(0, 0): Made(BATCH, True, True, True)})
    assert step_program(net, 0, True) == (FeedStep(), RunStep(call="step/0"), PushStep(), PullStep())


def test_micro_batches_add_to_gradients_that_start_from_nothing() -> None:
    net = cut_net({(0, 0): Made(BATCH, True, True, True)}, micro_batches=2)
    first, *_ = step_program(net, 0, True)
    assert first == ClearStep()


def test_shards_are_pushed_one_by_one_and_nothing_is_added_up() -> None:
    net = cut_net({(0, 0): Made(BATCH, True, True, True)}, micro_batches=2, shards=4)
    one = (FeedStep(micro=0), RunStep(call="step/0", micro=0), PushStep(micro=0))
    two = (FeedStep(micro=1), RunStep(call="step/0", micro=1), PushStep(micro=1))
    assert step_program(net, 0, True) == (*one, *two, PullStep())
    assert order(step_program(pipeline(3, 3, shards=3), 0, True)) == "F0 B0 F1 B1 F2 B2"


def test_a_stage_without_parameters_that_learn_pushes_nothing() -> None:
    net = cut_net({(0, 0): Made(BATCH, False, True, True)}, micro_batches=2)
    assert step_program(net, 0, False) == tuple(
        step for micro in (0, 1) for step in (FeedStep(micro=micro), RunStep(call="forward/0", micro=micro))
    )


def two_levels() -> dict[tuple[int, int], Made]:
    """A stage whose second piece reads the first one's value in another distribution, and so does the third."""
    made = {(0, 0): Made(BATCH, True, False, True), (0, 1): Made(BATCH, True, False, False), (0, 2): Made(BATCH, True, True, False)}
    made[0, 1].reads[0, 0] = by_feature(1)
    made[0, 2].reads = {(0, 0): by_feature(1), (0, 1): WHOLE}
    return made


def test_a_gradient_goes_back_when_the_last_piece_has_added_to_it() -> None:
    net = cut_net(two_levels())
    first, second = "v0.0>0feature1", "v0.1>0whole"
    assert step_program(net, 0, True) == (
        FeedStep(),
        RunStep(call="forward/0"),
        SendStep(connection=first),
        ReceiveStep(connection=first),
        RunStep(call="forward/1"),
        SendStep(connection=second),
        ReceiveStep(connection=second),
        RunStep(call="step/2"),
        SendStep(connection=second, back=True),
        ReceiveStep(connection=second, back=True),
        RunStep(call="backward/1"),
        SendStep(connection=first, back=True),
        ReceiveStep(connection=first, back=True),
        RunStep(call="backward/0"),
        PushStep(),
        PullStep(),
    )
    assert backward_order(net, 0) == (2, 1, 0)


def test_fused_pieces_come_first_and_from_the_first_level_up() -> None:
    made = {(0, level): Made(BATCH, True, level > 0, True) for level in range(4)}
    made[0, 1].reads[0, 0] = WHOLE
    made[0, 2].reads[0, 0] = WHOLE
    made[0, 2].lies = PARTIAL
    made[0, 3].reads[0, 2] = BATCH
    net = cut_net(made)
    assert backward_order(net, 0) == (1, 3, 2, 0)
    Game(net, programs(net), rings(net, programs(net))).play(Random(0))


def test_an_evaluation_is_the_forward_pass_of_one_batch() -> None:
    net = cut_net(two_levels(), phase="test")
    first, second = "v0.0>0feature1", "v0.1>0whole"
    assert evaluation_program(net, 0) == (
        FeedStep(),
        RunStep(call="evaluate/test/0"),
        SendStep(connection=first),
        ReceiveStep(connection=first),
        RunStep(call="evaluate/test/1"),
        SendStep(connection=second),
        ReceiveStep(connection=second),
        RunStep(call="evaluate/test/2"),
    )


def test_a_stage_that_has_nothing_to_do_in_a_phase_does_nothing() -> None:
    net = cut_net({(1, 0): Made(BATCH, False, True, True)}, phase="test")
    assert evaluation_program(net, 0) == ()


def test_servers_exchange_norms_only_where_gradients_are_clipped_by_them() -> None:
    assert server_program(False) == (CollectStep(), RunStep(call="update"), PublishStep())
    norm = (RunStep(call="square_sum"), NormStep())
    assert server_program(True) == (CollectStep(), *norm, RunStep(call="update"), PublishStep())
