"""Where steps are cut into kernels, what each reads and gives, and how gradients flow through them: worked out by hand."""

from __future__ import annotations

import pytest

from singalang_compiler.partition.cut_net import CutNet
from tests.compiler.partition.cutting import TRAIN, net, section

TWO = "workers = groups(1, size = 2)"
CHAIN = "out = d.x -> a: dense(8) -> b: relu -> c: dense(4)"


def levels(cut: CutNet) -> dict[str, tuple[int, int]]:
    return {node.name: (node.stage, node.level) for node in cut.nodes}


def backward(cut: CutNet) -> dict[tuple[int, int], str]:
    return {(piece.stage, piece.level): piece.backward for piece in cut.pieces}


def test_batch_partition_is_one_kernel() -> None:
    cut = net(CHAIN, TWO)
    [piece] = cut.pieces
    assert (piece.stage, piece.level, piece.backward, piece.nodes) == (0, 0, "fused", ("a", "b", "c", "loss"))
    assert [field.name for field in piece.fields] == ["d.x@batch", "d.y@batch"]
    assert not (piece.reads or piece.gives or piece.receives or piece.sends or piece.returns or piece.learned)


def test_a_hybrid_chain_is_cut_where_values_move() -> None:
    cut = net(CHAIN, f"{TWO}, on b {{ partition = feature }}")
    assert levels(cut) == {"a": (0, 0), "b": (0, 1), "c": (0, 2), "loss": (0, 2)}
    first, middle, last = cut.pieces
    assert (first.sends, middle.receives, middle.sends, last.receives) == (
        ("all_to_all(a)",),
        ("all_to_all(a)",),
        ("all_to_all(b)",),
        ("all_to_all(b)",),
    )
    assert [view.name for view in first.gives] == ["a@batch"] == [view.name for view in first.learned]
    assert [view.name for view in middle.reads] == ["a@feature1"] == [view.name for view in middle.returns]
    assert [piece.backward for piece in cut.pieces] == ["apart", "apart", "fused"]
    assert all(one.returns for one in cut.connections)


def test_a_residual_net_reads_a_value_in_two_pieces() -> None:
    body = "a = d.x -> a: dense(8)\nout = (a, a -> b: dense(8)) -> s: add -> c: dense(4)"
    cut = net(body, f"{TWO}, on b {{ partition = feature }}")
    assert levels(cut) == {"a": (0, 0), "b": (0, 1), "s": (0, 2), "c": (0, 2), "loss": (0, 2)}
    first, middle, last = cut.pieces
    assert [view.name for view in first.gives] == ["a@batch"]
    assert [view.name for view in middle.reads] == ["a@whole"]
    assert sorted(view.name for view in last.reads) == ["a@batch", "b@batch"] == sorted(view.name for view in last.returns)
    assert (first.sends, last.receives) == (("all_gather(a)",), ("all_to_all(b)",))


def test_a_connection_is_received_once_by_the_first_piece_that_reads_it() -> None:
    body = "a = d.x -> a: dense(8)\nout = (a -> p: relu, a -> p2: tanh -> q: dense(8) -> r: relu) -> s: add -> c: dense(4)"
    cut = net(body, f"{TWO}, on p, p2, q, r, s {{ partition = feature }}")
    assert cut.connection("all_to_all(a)").consumers == ("p", "p2")
    readers = [piece.level for piece in cut.pieces if "all_to_all(a)" in piece.receives]
    assert readers == [1]


def test_two_stages_are_two_kernels_and_the_gradient_comes_back() -> None:
    cut = net(CHAIN, f"{TWO}, micro_batches = 4, on c {{ stage = 1 }}")
    assert levels(cut) == {"a": (0, 0), "b": (0, 0), "c": (1, 0), "loss": (1, 0)}
    assert (cut.workers, cut.stages, cut.micro_batches, cut.rows) == (1, 2, 4, (6,))
    assert backward(cut) == {(0, 0): "apart", (1, 0): "fused"}
    assert [len(cut.of_stage(stage)) for stage in (0, 1)] == [1, 1]
    [sent] = cut.connections
    assert (sent.name, sent.source_stage, sent.target_stage, sent.returns) == ("send(b)", 0, 1, True)


def test_a_layer_without_a_stage_is_in_the_largest_of_its_inputs() -> None:
    body = "a = d.x -> a: dense(8)\nout = (a -> b: relu, a -> e: tanh) -> s: add -> c: dense(4)"
    made = section(body, f"{TWO}, on b {{ stage = 1 }}")
    assert levels(made.nets["train"]) == {"a": (0, 0), "b": (1, 0), "e": (0, 0), "s": (1, 0), "c": (1, 0), "loss": (1, 0)}
    reasons = {one.layer: (one.stage, one.stage_reason) for one in made.decisions}
    assert reasons["b"] == (1, "written") and reasons["e"] == (0, "follows-inputs")
    assert {one.stage_reason for one in section(body, TWO).decisions} == {"only-stage"}


def test_batch_statistics_are_gathered_before_the_layer_that_wants_them() -> None:
    cut = net("out = d.x -> a: dense(8) -> n: batchnorm -> c: dense(4)", TWO)
    assert levels(cut) == {"a": (0, 0), "n.statistic": (0, 0), "n": (0, 1), "c": (0, 1), "loss": (0, 1)}
    [gathered] = cut.connections
    assert (gathered.name, gathered.kind, gathered.extent.rows) == ("all_gather(n.statistic)", "all_gather", (1, 1))
    assert gathered.extent.record == cut.node("n.statistic").record == (17,)
    assert (gathered.source.kind, gathered.target.kind, gathered.returns) == ("batch", "whole", True)
    assert cut.node("n").statistic is not None and cut.node("n").statistic.name == "n.statistic@whole"  # type: ignore[union-attr]
    assert sorted(view.name for view in cut.pieces[0].learned) == ["a@batch", "n.statistic@batch"]


@pytest.mark.parametrize(
    "topology", ["workers = groups(1, size = 2), on n { partition = feature }", "workers = groups(2, size = 1)"]
)
def test_statistics_stay_at_home_where_a_worker_sees_the_whole_batch(topology: str) -> None:
    cut = net("out = d.x -> a: dense(8) -> n: batchnorm -> c: dense(4)", topology)
    assert not [node.name for node in cut.nodes if node.part == "statistic"]


def test_statistics_that_nothing_before_learns_bring_no_gradient_back() -> None:
    cut = net("out = d.x -> n: batchnorm -> c: dense(4)", TWO)
    assert not cut.connection("all_gather(n.statistic)").returns
    assert (cut.node("n.statistic").learns, cut.node("n").learns) == (False, True)
    assert [piece.backward for piece in cut.pieces] == ["none", "fused"]


def test_evaluation_moves_values_forward_only_and_needs_no_statistics() -> None:
    body = "out = d.x -> a: dense(8) -> n: batchnorm -> b: dense(8) -> c: dense(4)"
    cut = net(body, f"{TWO}, on b {{ partition = feature }}", "test")
    assert [one.name for one in cut.connections] == ["all_gather(n)", "all_to_all(b)"]
    assert not any(one.returns for one in cut.connections) and {piece.backward for piece in cut.pieces} == {"none"}
    assert not any(node.learns or node.part == "statistic" for node in cut.nodes)


def test_no_gradient_flows_through_what_does_not_learn() -> None:
    frozen = "updater sgd { lr = 0.1 }\ntrain { steps = 10, on a { lr_scale = 0 } }\n"
    cut = section(CHAIN, f"{TWO}, on c {{ partition = feature }}", train=frozen).nets["train"]
    assert [node.name for node in cut.nodes if node.learns] == ["c", "loss"]
    assert [piece.backward for piece in cut.pieces] == ["none", "apart", "fused"]
    assert [(one.name, one.returns) for one in cut.connections] == [("all_gather(b)", False), ("all_to_all(c)", True)]
    alive = section(CHAIN, f"{TWO}, on c {{ partition = feature }}", train=TRAIN).nets["train"]
    assert [node.name for node in alive.nodes if node.learns] == ["a", "b", "c", "loss"]


def test_metrics_take_values_and_give_no_gradient() -> None:
    body = "h = d.x -> a: dense(8)\nout = h -> c: dense(4)\nm = (out, d.y) -> accuracy"
    cut = net(body, f"{TWO}, on c {{ partition = feature }}")
    metric = cut.node("m")
    assert (metric.cut.name, metric.learns, metric.record) == ("batch", False, ())
    taken = cut.connection("all_to_all(c)")
    assert set(taken.consumers) == {"loss", "m"} and taken.returns


def test_a_loss_that_is_cut_by_features_gives_summands() -> None:
    body = "out = d.x -> a: dense(8)\nloss = (out, d.x) -> square_loss"
    cut = net(body, f"{TWO}, partition = feature")
    assert str(cut.node("loss").output) == "partial" and not cut.connections
    assert [(read.view.name, str(read.wanted)) for read in cut.node("loss").inputs] == [
        ("a@feature1", "feature1"),
        ("d.x@whole", "feature1"),
    ]


def test_layers_are_computed_again_as_the_topology_says() -> None:
    cut = net(CHAIN, f"{TWO}, remat = true, on b {{ remat = false }}")
    assert [node.name for node in cut.nodes if node.remat] == ["a", "c", "loss"]
    assert not any(node.remat for node in net(CHAIN, f"{TWO}, remat = true", "test").nodes)
