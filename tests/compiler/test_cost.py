"""The machine as a file describes it, and what single layers cost on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from singalang_compiler.cost import work_s
from singalang_compiler.machine import Machine, read_machine
from singalang_compiler.shaped import ShapedNode
from singalang_compiler.sizes import size_text
from tests.programs import compiled, net


def node(layer: str, name: str) -> ShapedNode:
    """One layer of a net."""
    outcome = compiled(net(f"x = digits.image -> {layer} -> out: dense(10)\nloss = (x, digits.label) -> softmax_loss"), "shapes")
    assert outcome.value is not None
    (found,) = [one for one in outcome.value.nets["n"].phases["train"] if one.node.name == name]
    assert isinstance(found, ShapedNode)
    return found


SLOW = Machine(cores=2, matmul_flops_s=1e3, conv_flops_s=1e2, memory_bytes_s=1e12)
"""A machine on which flops alone count."""


def test_a_machine_file_of_fewer_fields_is_filled_up_with_those_of_the_reference(tmp_path: Path) -> None:
    path = tmp_path / "machine.json"
    path.write_text('{"name": "old", "cores": 8}')
    assert read_machine(str(path)).value == Machine(name="old", cores=8)


def test_links_of_a_machine_are_part_of_what_a_plan_was_made_for() -> None:
    assert Machine(link_latency_s=1e-3).sha256 != Machine().sha256


def test_work_is_flops_over_the_speed_of_all_cores_for_every_record() -> None:
    dense = node("fc: dense(5)", "fc")
    forward, backward = 2 * 64 * 5 + 5, 4 * 64 * 5 + 5
    assert work_s(dense, SLOW, 3, 4) == pytest.approx(3 * (forward + backward) / 2e3)
    assert work_s(dense, SLOW, 3, 4, backward=False) == pytest.approx(3 * forward / 2e3)
    assert work_s(dense, SLOW, 3, 8) == pytest.approx(2 * work_s(dense, SLOW, 3, 4))


def test_layers_on_images_have_a_speed_of_their_own() -> None:
    conv = node("c: conv(4, 3, pad = 1)", "c")
    out = 4 * 8 * 8
    assert work_s(conv, SLOW, 1, 4, backward=False) == pytest.approx((2 * out * 9 + out) / 2e2)


def test_layers_that_compute_little_take_as_long_as_memory_does() -> None:
    act = node("act: relu", "act")
    machine = Machine(matmul_flops_s=1e15, conv_flops_s=1e15, memory_bytes_s=1e3)
    moved = act.instance.cost(act.inputs).moved_elements
    assert work_s(act, machine, 2, 4) == pytest.approx(2 * moved * 4 / 1e3)
    assert work_s(act, machine, 2, 4, backward=False) == pytest.approx(moved * 4 / 1e3)


def test_layers_without_matrices_have_the_speed_of_loops() -> None:
    act = node("act: relu", "act")
    machine = Machine(cores=1, loop_flops_s=1.0, memory_bytes_s=1e15)
    assert work_s(act, machine, 2, 4, backward=False) == pytest.approx(2 * act.instance.cost(act.inputs).forward_flops)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536 * 1024, "1.5 MiB"), (5 * 2**40, "5120 GiB")]
)
def test_sizes_are_said_as_people_say_them(size: int, text: str) -> None:
    assert size_text(size) == text
