"""How parameters are kept: cut where all their uses agree, else whole."""

from __future__ import annotations

from tests.compiler.partition.cutting import section

TWO = "workers = groups(1, size = 2)"
TIED = "h = d.x -> a: dense(6)\nout = h -> b: dense(weight = transpose(a.weight)) -> c: dense(4)"


def stored(body: str, topology: str) -> dict[str, tuple[int | None, tuple[int, ...], str]]:
    return {one.name: (one.axis, one.stages, one.reason) for one in section(body, topology).stored}


def test_parameters_are_cut_as_their_layer_cuts_them() -> None:
    kept = stored("out = d.image -> a: conv(8, 3) -> flatten -> b: dense(4)", f"{TWO}, on a {{ partition = feature }}")
    assert kept == {
        "a.weight": (0, (0,), "uses-agree"),
        "a.bias": (0, (0,), "uses-agree"),
        "b.weight": (None, (0,), "not-cut"),
        "b.bias": (None, (0,), "not-cut"),
    }


def test_tied_parameters_are_cut_where_all_uses_cut_the_same_axis() -> None:
    """(8, 6) by units is axis 1; its transpose by units is axis 0, and by batch not cut."""
    assert stored(TIED, f"{TWO}, on a, b {{ partition = feature }}")["a.weight"] == (None, (0,), "uses-differ")
    assert stored(TIED, f"{TWO}, on a {{ partition = feature }}")["a.weight"] == (None, (0,), "uses-differ")
    assert stored(TIED, TWO)["a.weight"] == (None, (0,), "not-cut")
    alike = "h = d.x -> a: dense(8)\nout = h -> b: dense(weight = a.weight) -> c: dense(4)"
    assert stored(alike, f"{TWO}, on a, b {{ partition = feature }}")["a.weight"] == (1, (0,), "uses-agree")


def test_a_transposed_use_by_inputs_agrees_with_a_use_by_units() -> None:
    body = "h = d.x -> a: dense(6)\nout = h -> b: dense(weight = transpose(a.weight), bias = none) -> c: dense(4)"
    made = section(body, f"{TWO}, on a, b {{ partition = feature }}")
    cuts = {node.name: node.cut.label for node in made.nets["train"].nodes}
    axes = {one.name: one.axis for one in made.stored}
    assert axes["a.weight"] == (1 if cuts["b"] == "feature (partial sums)" else None)


def test_a_parameter_of_two_stages_is_whole_in_both() -> None:
    kept = stored(TIED, f"{TWO}, on b {{ stage = 1 }}")
    assert kept["a.weight"] == (None, (0, 1), "not-cut") and kept["a.bias"] == (None, (0,), "not-cut")
    alike = "h = d.x -> a: dense(8)\nout = h -> b: dense(weight = a.weight) -> c: dense(4)"
    four = "workers = groups(1, size = 4), on a, b { partition = feature }, on b { stage = 1 }"
    assert stored(alike, four)["a.weight"] == (None, (0, 1), "uses-differ")


def test_evaluation_uses_parameters_as_training_keeps_them() -> None:
    body = "h = d.x -> a: dense(8)\nout = h -> c: dense(4)"
    made = section(body, f"{TWO}, on a {{ partition = feature }}")
    assert {phase: net.node("a").cut.label for phase, net in made.nets.items()} == {"train": "feature", "test": "feature"}
    assert made.nets["train"].node("a").cut == made.nets["test"].node("a").cut


def test_a_parameter_that_only_deployment_uses_is_kept_by_the_first_stage() -> None:
    body = "h = d.x -> a: dense(8)\nout = h -> c: dense(4)\nwhen deploy { p = out -> extra: dense(2) }"
    assert stored(body, f"{TWO}, on c {{ stage = 1 }}")["extra.weight"] == (None, (0,), "not-cut")
