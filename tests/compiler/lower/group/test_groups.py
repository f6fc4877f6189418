"""The plan of a section that a group does: what its records say, and that equal programs give equal bytes."""

from __future__ import annotations

from math import prod

import pytest

from singalang_compiler.plan import Decision, Plan, to_bytes
from singalang_compiler.plan_group import RunStep
from tests.compiler.lower.group.programs import IN_PARTS, NETS, TOPOLOGIES, plan_of, program


def plan(net: str, topology: str) -> Plan:
    return plan_of(program(NETS[net], topology)).plan


def decided(of: Plan) -> dict[str, Decision]:
    return {decision.about: decision for decision in of.decisions}


def test_equal_programs_give_equal_plans_and_kernels() -> None:
    text = program(NETS["cnn"], TOPOLOGIES["stages_by_feature"])
    first, second = plan_of(text), plan_of(text)
    assert to_bytes(first.plan) == to_bytes(second.plan)
    assert first.kernels == second.kernels


@pytest.mark.parametrize("topology", [*TOPOLOGIES.values(), IN_PARTS["stages_mixed"]], ids=[*TOPOLOGIES, "stages_mixed"])
def test_calls_are_those_of_the_programs_and_take_what_their_kernels_take(topology: str) -> None:
    of = plan("mlp", topology)
    group = of.sections[0].group
    assert group is not None
    for role in group.roles:
        programs = (role.step, *role.evaluate.values())
        assert {step.call for one in programs for step in one if isinstance(step, RunStep)} == {*role.calls}
        shapes = {array.name: array.shape for array in role.arrays}
        sizes = {buffer.name: buffer.size for buffer in (*role.parameters, *role.state)}
        for name, call in role.calls.items():
            kernel = of.kernels[call.kernel]
            assert len(call.inputs) == len(kernel.inputs)
            assert len(call.outputs) == len(kernel.outputs)
            both = (*zip(call.inputs, kernel.inputs, strict=True), *zip(call.outputs, kernel.outputs, strict=True))
            for own, argument in both if not name.startswith("evaluate/") else ():
                assert shapes.get(own, argument.shape) == argument.shape
                assert sizes.get(own, prod(argument.shape)) == prod(argument.shape)


def test_every_decision_of_a_group_has_its_reason() -> None:
    found = decided(plan("cnn", TOPOLOGIES["stages"] + "\n on b { partition = none }"))
    assert (found["train.a.partition"].chosen, found["train.a.partition"].reason) == ("batch", "only-worker")
    assert (found["train.a.stage"].chosen, found["train.a.stage"].reason) == ("0", "written")
    assert (found["train.a2.stage"].chosen, found["train.a2.stage"].reason) == ("0", "follows-inputs")
    assert (found["train.dispatch"].chosen, found["train.dispatch"].reason) == ("loop 1", "group-steps")
    assert found["train.a.weight.stored"].chosen == "whole"
    assert found["train.servers"].chosen == "1"


def test_a_layer_cut_by_feature_holds_a_piece_of_its_weight_and_says_so() -> None:
    of = plan("mlp", TOPOLOGIES["feature"])
    assert decided(of)["train.a.weight.stored"].chosen == "cut along axis 1"
    assert of.sections[0].group is not None
    (role,) = of.sections[0].group.roles
    sizes = {segment.name: segment.size for buffer in role.parameters for segment in buffer.segments}
    assert sizes["a.weight"] == 12 * 8 // 2


def test_several_workers_are_synchronous_and_exact_ones_bitwise() -> None:
    assert plan("mlp", "workers = groups(1, size = 1)").semantics == "bitwise"
    assert plan("mlp", TOPOLOGIES["batch"]).semantics == "synchronous"
    assert plan("mlp", "workers = groups(1, size = 2)\n sync {\n exact = true\n shards = 2\n }").semantics == "bitwise"


def test_kernels_of_one_process_are_there_to_test_and_predict() -> None:
    section = plan("mlp", TOPOLOGIES["batch"]).sections[0]
    assert {*section.kernels} == {"evaluate/test", "probe"}
    assert section.predict is not None


def test_layers_that_compute_the_same_share_a_kernel() -> None:
    chain = " -> ".join(f"x{number}: dense(8) -> y{number}: relu" for number in range(6))
    net = f"logits = d.row -> a: dense(8) -> b: relu -> {chain} -> c: dense(4)\n loss = (logits, d.label) -> softmax_loss"
    (role,) = plan_of(program(net, TOPOLOGIES["feature"])).plan.sections[0].group.roles  # type: ignore[union-attr]
    assert len({role.calls[f"forward/{level}"].kernel for level in range(1, 7)}) == 1
    assert len({role.calls[f"backward/{level}"].kernel for level in range(1, 7)}) == 1


def test_the_estimate_of_a_group_counts_all_workers() -> None:
    alone, several = plan("mlp", "workers = groups(1, size = 1)"), plan("mlp", TOPOLOGIES["none"])
    assert several.estimate.flops_per_step > 1.9 * (alone.estimate.flops_per_step - 500)  # every worker computes all
    assert several.estimate.link_bytes_per_step == 2 * 8 * sum(prod(one.shape) for one in several.parameters)
    assert {*several.estimate.memory_bytes} <= {"worker-0", "worker-1"}
