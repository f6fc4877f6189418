"""Nets cut in every way give the gradients, metrics and states of the net in one piece."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tests.compiler.lower.group.execute import Crew, Numbers, Result
from tests.compiler.lower.group.programs import CNN, IN_PARTS, MLP, NETS, RESIDUAL, TOPOLOGIES, plan_of, program, shaped_job
from tests.compiler.lower.group.whole import Stepped, Whole, difference

EXACTLY = 1e-9
"""As a share of the largest entry."""


STEP = 3
Arrays = dict[str, Numbers]
ONE = "workers = groups(1, size = 1)"


@cache
def in_one_piece(net: str) -> tuple[Whole, Arrays, Arrays, Stepped]:
    """A net that is not cut, with parameters, a batch, and what a step on it gives."""
    whole = Whole.of(shaped_job(program(net, ONE)))
    parameters, batch = whole.parameters(), whole.batch()
    return whole, parameters, batch, whole.step(parameters, batch, STEP)


def agrees(net: str, topology: str, batch: str = "12") -> Crew:
    """Runs a step cut and in one piece, and compares all that it gives; the workers with their new state."""
    _, parameters, records, wanted = in_one_piece(net)
    crew = Crew(plan_of(program(net, topology, batch=batch)), parameters)
    found = crew.step(records, STEP)
    assert difference({name: found.gradients[name] for name in wanted.gradients}, wanted.gradients) < EXACTLY
    np.testing.assert_allclose(found.metrics, wanted.metrics, rtol=1e-11)
    assert difference(crew.states(), wanted.states) < EXACTLY
    assert found.moved_bytes == {one.name: one.step_bytes for one in crew.group.connections if one.phase == "train"}
    return crew


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("net", NETS)
def test_a_cut_net_has_the_gradients_of_the_whole_net(net: str, topology: str) -> None:
    agrees(NETS[net], TOPOLOGIES[topology])


@pytest.mark.parametrize("topology", IN_PARTS)
@pytest.mark.parametrize("net", [net for net in NETS if net != "residual"])
def test_micro_batches_add_up_to_the_batch(net: str, topology: str) -> None:
    agrees(NETS[net], IN_PARTS[topology])


@pytest.mark.parametrize("topology", ["workers = groups(1, size = 3)", "workers = groups(1, size = 3)\n on b { partition = none }"])
@pytest.mark.parametrize("net", [MLP, CNN, RESIDUAL], ids=["mlp", "cnn", "residual"])
def test_workers_may_have_unequal_shares_of_a_batch(net: str, topology: str) -> None:
    crew = agrees(net, topology, batch="[6, 2, 4]")
    assert sorted(role.rows for role in crew.group.roles) == [2, 4, 6]


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_shards_are_summed_alike_whoever_computes_them(workers: int) -> None:
    def found(count: int) -> Result:
        text = program(MLP, f"workers = groups(1, size = {count})\n sync {{\n exact = true\n shards = 4\n }}")
        return Crew(plan_of(text), parameters).step(batch, STEP)

    _, parameters, batch, wanted = in_one_piece(MLP)
    several, alone = found(workers), found(1)
    assert len(several.shards) == 4
    for shard, other in zip(several.shards, alone.shards, strict=True):
        assert all(np.array_equal(shard[name], other[name]) for name in other)
    assert difference(several.gradients, wanted.gradients) < EXACTLY


@pytest.mark.parametrize("topology", ["batch", "hybrid", "stages_by_feature"])
@pytest.mark.parametrize("net", NETS)
def test_an_evaluation_counts_each_record_once_by_its_weight(net: str, topology: str) -> None:
    whole, parameters, _, _ = in_one_piece(NETS[net])
    batch, weights = whole.batch(phase="test"), np.array([1, 1, 0.5, 1, 1, 0, 0])
    wanted = whole.evaluate("test", parameters, batch, weights)
    crew = Crew(plan_of(program(NETS[net], TOPOLOGIES[topology])), parameters)
    rows = crew.group.evaluate_rows["test"]
    filled = {name: np.resize(array, (rows, *array.shape[1:])) for name, array in batch.items()}
    found = crew.evaluate("test", filled, np.concatenate([weights, np.zeros(rows - len(weights))]))
    np.testing.assert_allclose(found.metrics, wanted, rtol=1e-11)


def test_what_is_frozen_gets_no_gradient_and_what_nothing_needs_a_gradient_of_zeros() -> None:
    net = """
      logits = d.row -> a: dense(8, weight = param(lr_scale = 0)) -> a2: relu -> b: dense(4)
      loss = (logits, d.label) -> softmax_loss
      other = d.row -> c: dense(4)
      hits = (other, d.label) -> accuracy
    """
    crew = agrees(net, TOPOLOGIES["feature"])
    held = {one.name for role in crew.group.roles for one in role.parameters}
    assert {"parameters/frozen/small", "parameters/idle/small"} <= held


def test_means_of_files_are_taken_off_where_fields_are_read() -> None:
    text = program(MLP, TOPOLOGIES["feature"]).replace(
        "mean = 0.25", 'on row {\n mean = "mean.csv"\n }\n on image {\n mean = 0.25\n }'
    )
    _, parameters, batch, wanted = in_one_piece(MLP)
    compiled = plan_of(text)
    found = Crew(compiled, parameters).step(batch, STEP, mean__d_of_row=np.full(12, 0.25))
    assert difference(found.gradients, wanted.gradients) < EXACTLY
    (role,) = compiled.plan.sections[0].group.roles  # type: ignore[union-attr]
    assert "mean/d.row" in role.calls["backward/0"].inputs  # what is read of the field is not kept, but worked out again


def test_a_metric_that_a_stage_behind_reports_counts_once() -> None:
    net = """
      logits = d.row -> a: dense(8) -> b: dense(4)
      loss = (logits, d.label) -> softmax_loss
      hits = (logits, d.label) -> accuracy(topk = 3)
    """
    agrees(net, "workers = groups(1, size = 4)\n partition = none\n on a { stage = 0 }\n on b..loss { stage = 1 }")
