"""What is chosen for nets whose best cuts are known: by hand, or from Krizhevsky's "One weird trick" (2014)."""

from __future__ import annotations

import pytest

from singalang_compiler.machine import Machine
from singalang_compiler.partition.cut_net import CutDecision
from singalang_compiler.partition.partition import partition
from tests.programs import compiled

FAST = Machine(matmul_flops_s=1e15, conv_flops_s=1e15, memory_bytes_s=1e15, copy_bytes_s=1e15, dispatch_s=0.0)
"""A machine on which nothing takes time but what moves: 4 bytes an element, at 8 Mbit/s."""
SLOW_LINK = "link = (8Mbps, 0s)"


def decisions(body: str, topology: str, *, inputs: str, batch: int, machine: Machine | None = None) -> dict[str, CutDecision]:
    """The decisions for a net by name of the layer."""
    text = f"""
data d {{ x: f32[{inputs}], y: class(10), train = csv("a.csv", batch = {batch}) }}
net n {{
{body}
}}
updater sgd {{ lr = 0.1 }}
train {{ steps = 1 }}
topology t {{ preset = allreduce, {topology} }}
"""
    shaped = compiled(text, until="shapes")
    assert shaped.value is not None and not shaped.diagnostics, shaped.diagnostics
    outcome = partition(shaped.value, machine or Machine())
    assert outcome.value is not None and not outcome.diagnostics, outcome.diagnostics
    (section,) = outcome.value.sections
    return {one.layer: one for one in section.decisions}


def rejected_s(decision: CutDecision, cut: str) -> float:
    """The cost of a step with another cut."""
    (found,) = [one.step_s for one in decision.rejected if one.cut == cut]
    assert found is not None
    return found


MLP = """
  h = d.x -> fc1: dense(1000) -> act: relu -> fc2: dense(10)
  loss = (h, d.y) -> softmax_loss
"""


def test_large_parameters_stay_in_pieces_where_they_are_by_hand() -> None:
    found = decisions(MLP, f"workers = groups(1, size = 2), partition = auto, {SLOW_LINK}", inputs="1000", batch=4, machine=FAST)
    assert {name: one.cut for name, one in found.items()} == {"fc1": "feature", "act": "feature", "fc2": "feature", "loss": "batch"}
    assert {one.reason for one in found.values()} == {"cheapest"}
    gathered = 2 * 4 * 500  # bytes of one way: two of four rows from the other, half of 1000 numbers each, 4 bytes
    scores = 4 * 2 * 5  # two rows, half of 10 scores
    total = 2 * (2 * gathered + scores) / 1e6
    assert found["fc1"].step_s == pytest.approx(total, rel=1e-4)
    pushed_and_pulled = 2 * 4 * (1000 * 1000 + 1000) / 2 / 1e6  # half of it is with the other's server
    columns = 2 * 4 * 2 * 500 / 1e6  # there and back: of what fc1 gives by rows `act` takes half of the columns of two other rows
    assert rejected_s(found["fc1"], "batch") == pytest.approx(total + pushed_and_pulled + columns, rel=1e-5)


def test_small_parameters_are_copied_and_large_images_are_not_moved() -> None:
    body = """
  h = d.x -> c1: conv(16, 3, pad = 1) -> r1: relu -> p1: maxpool(2, stride = 2)
    -> c2: conv(16, 3, pad = 1) -> r2: relu -> fc: dense(10)
  loss = (h, d.y) -> softmax_loss
"""
    found = decisions(body, "workers = groups(1, size = 4), partition = auto", inputs="3, 32, 32", batch=64)
    assert {one.cut for name, one in found.items() if name != "fc"} == {"batch"}


ALEXNET = """
  h = d.x -> c1: conv(64, 5, pad = 2) -> r1: relu -> p1: maxpool(2, stride = 2)
    -> c2: conv(128, 5, pad = 2) -> r2: relu -> p2: maxpool(2, stride = 2)
    -> f1: dense(4096) -> r3: relu -> f2: dense(4096) -> r4: relu -> f3: dense(10)
  loss = (h, d.y) -> softmax_loss
"""


@pytest.mark.parametrize("link", ["", ", link = 10Gbps"])
def test_convolutions_are_cut_by_batch_and_large_dense_layers_by_feature(link: str) -> None:
    topology = f"workers = groups(1, size = 4), partition = auto{link}"
    found = decisions(ALEXNET, topology, inputs="3, 64, 64", batch=128)
    cuts = {name: one.cut for name, one in found.items()}
    assert {cuts[name] for name in ("c1", "r1", "p1", "c2", "r2", "p2", "loss")} == {"batch"}
    assert {cuts[name] for name in ("f1", "r3", "f2")} == {"feature"}
    assert {one.reason for one in found.values()} == {"cheapest"}


def test_what_rules_say_is_kept_and_the_rest_is_chosen_around_it() -> None:
    topology = "workers = groups(1, size = 4), partition = auto, link = 10Gbps, on f1 { partition = batch }"
    found = decisions(ALEXNET, topology, inputs="3, 64, 64", batch=128)
    assert found["f1"].cut == "batch" and found["f1"].reason == "written"
    assert found["f2"].cut == "feature" and found["f2"].reason == "cheapest"
    assert rejected_s(found["f1"], "feature") < found["f1"].step_s


def test_all_decisions_of_a_net_speak_of_the_same_step() -> None:
    found = decisions(ALEXNET, "workers = groups(1, size = 4), partition = batch", inputs="3, 64, 64", batch=128)
    assert len({one.step_s for one in found.values()}) == 1
    assert {one.reason for one in found.values()} == {"topology-default"}
    for one in found.values():
        assert all(other.step_s is not None or other.why for other in one.rejected)


def test_tied_layers_agree_on_a_cut_where_their_parameter_is_large() -> None:
    body = """
  h = d.x -> enc: dense(2000, bias = none) -> act: relu -> dec: dense(weight = transpose(enc.weight), bias = none)
  loss = (h, d.x) -> square_loss
"""
    found = decisions(body, f"workers = groups(1, size = 2), partition = auto, {SLOW_LINK}", inputs="1000", batch=2, machine=FAST)
    assert (found["enc"].cut, found["dec"].cut) in [("feature", "feature (partial sums)"), ("feature (partial sums)", "feature")]
    lost = 2 * 4 * 2_000_000 / 2 / 1e6
    assert rejected_s(found["dec"], "feature") > found["dec"].step_s + 0.9 * lost
