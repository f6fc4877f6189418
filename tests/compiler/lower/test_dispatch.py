"""How steps are handed over, and what a step is predicted to cost."""

from __future__ import annotations

import pytest

from singalang_compiler.cost import Net, step_cost
from singalang_compiler.library.tensors import TensorSpec
from singalang_compiler.lower.dispatch import TOGETHER, choose
from singalang_compiler.lower.lower import LowerRequest, lower
from singalang_compiler.machine import Machine
from singalang_compiler.plan import Decision, Estimate, SectionRecord
from singalang_compiler.shaped import ShapedNode
from tests.compiler.lower.jobs import CLASSES, Stage, compiled, data, job, kind, layer, mlp

IMAGES = {"x": TensorSpec((1, 4, 4)), "y": TensorSpec((), "i32", 3)}
CONV = (
    Stage("conv", layer("conv", filters=2, kernel=3), ("d.x",)),
    Stage("fc", layer("dense", units=3), ("conv",)),
    Stage("loss", layer("softmax_loss"), ("fc", "d.y")),
)


def nodes(stages: tuple[Stage, ...] = mlp(), **options: object) -> tuple[ShapedNode, ...]:
    fields = IMAGES if stages is CONV else CLASSES
    return job(stages, section=data(fields=fields)).shaped.nets["n"].phases["train"]


def test_tiny_steps_are_handed_over_by_tens() -> None:
    machine = Machine()
    chosen = choose(nodes(), machine.dispatch_s, 1000, ("cpu",), machine)
    assert (chosen.dispatch.mode, chosen.dispatch.count, chosen.reason) == ("scan", TOGETHER, "tiny-steps")
    assert choose(nodes(), machine.dispatch_s, None, ("cpu",), machine).dispatch.mode == "scan"


def test_large_or_few_steps_are_handed_over_one_by_one() -> None:
    machine = Machine()
    for compute_s, steps in ((100 * machine.dispatch_s, 1000), (0.0, TOGETHER - 1)):
        chosen = choose(nodes(), compute_s, steps, ("cpu",), machine)
        assert (chosen.dispatch.mode, chosen.dispatch.count, chosen.reason) == ("loop", 1, "large-steps")


def test_convolutions_are_never_scanned_on_a_cpu() -> None:
    for platforms, mode in ((("cpu",), "loop"), (("cuda",), "scan"), (("cpu", "cuda"), "loop")):
        assert choose(nodes(CONV), 0.0, 1000, platforms, Machine()).dispatch.mode == mode


def test_the_choice_and_its_reason_are_in_the_plan() -> None:
    plan = compiled(job(CONV, section=data(fields=IMAGES))).plan
    section: SectionRecord = plan.sections[0]
    assert (section.dispatch.mode, section.dispatch.count) == ("loop", 1)
    assert "steps" not in section.kernels
    assert Decision(about="train.dispatch", chosen="loop 1", reason="convolutions-on-cpu") in plan.decisions


def _net(batch: int = 4, slots: int = 0, element_bytes: int = 4) -> Net:
    shapes = ((6, 5), (5,), (5, 3), (3,))
    return Net(nodes(), shapes, shapes[2:], slots, batch, element_bytes)


def test_memory_is_counted_tensor_by_tensor() -> None:
    cost = step_cost(_net(slots=2), Machine())
    assert cost.parameter_bytes == 4 * (30 + 5 + 15 + 3)
    assert cost.gradient_bytes == 4 * 18
    assert cost.slot_bytes == 2 * 4 * 18
    assert cost.batch_bytes == 2 * 4 * (4 * 6 + 4)
    assert cost.residual_bytes >= 4 * 4 * (5 + 5 + 3 + 1)
    parts = cost.parameter_bytes + cost.gradient_bytes + cost.slot_bytes + cost.residual_bytes + cost.batch_bytes
    assert cost.memory_bytes == parts


def test_time_follows_the_formula() -> None:
    """With memory that costs nothing, time is flops over speed; with flops that cost nothing, bytes over bandwidth."""
    net = _net()
    flops = sum(
        cost.forward_flops + cost.backward_flops for cost in (node.instance.cost(node.inputs) for node in net.nodes if node.inputs)
    )
    fast_memory = Machine(cores=1, matmul_flops_s=1e9, loop_flops_s=1e9, memory_bytes_s=1e30)
    assert step_cost(net, fast_memory).compute_s == pytest.approx(4 * flops / 1e9)
    both_cores = Machine(cores=2, matmul_flops_s=1e9, loop_flops_s=1e30, memory_bytes_s=1e30)
    one_core = Machine(cores=1, matmul_flops_s=1e9, loop_flops_s=1e30, memory_bytes_s=1e30)
    assert step_cost(net, both_cores).compute_s == pytest.approx(step_cost(net, one_core).compute_s / 2)
    moved = sum(node.instance.cost(node.inputs).moved_elements for node in net.nodes if node.inputs)
    traffic = 2 * 53 + 4 * 18
    fast_core = Machine(matmul_flops_s=1e30, loop_flops_s=1e30, memory_bytes_s=1e9)
    assert step_cost(net, fast_core).compute_s == pytest.approx(4 * (4 * moved + traffic) / 1e9)


def test_double_precision_and_larger_batches_cost_more() -> None:
    small, double, large = (step_cost(net, Machine()) for net in (_net(), _net(element_bytes=8), _net(batch=8)))
    assert double.compute_s == pytest.approx(2 * small.compute_s)
    assert small.compute_s < large.compute_s < 2 * small.compute_s  # parameters are moved once a batch
    assert double.parameter_bytes == 2 * small.parameter_bytes


def test_the_estimate_of_the_job_is_that_of_its_section() -> None:
    machine = Machine(name="slow", matmul_flops_s=1e6)
    outcome = lower(job(mlp(), steps=500, updater=kind("updaters", "adam")), LowerRequest(machine=machine))
    assert outcome.value is not None
    plan = outcome.value.plan
    estimate: Estimate = plan.estimate
    assert plan.machine == "slow" and plan.machine_sha256 == machine.sha256
    assert estimate.step_s == plan.sections[0].step_s
    assert estimate.total_s == pytest.approx(500 * estimate.step_s)
    assert estimate.slot_bytes == 2 * estimate.parameter_bytes
    assert set(estimate.memory_bytes) == {process.name for process in plan.processes}
