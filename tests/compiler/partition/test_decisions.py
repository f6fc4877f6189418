"""Why each layer is cut as it is: every layer has a reason from the closed list, and the cuts that it might have had."""

from __future__ import annotations

from singalang_compiler.partition.cut_net import CutDecision
from tests.compiler.partition.cutting import section

CHAIN = "out = d.x -> a: dense(6) -> b: relu -> c: dense(4)"


def decided(body: str, topology: str) -> dict[str, CutDecision]:
    return {one.layer: one for one in section(body, topology).decisions}


def reasons(body: str, topology: str) -> dict[str, tuple[str, str]]:
    return {name: (one.cut, one.reason) for name, one in decided(body, topology).items()}


def test_rules_and_defaults_are_told_apart() -> None:
    assert reasons(CHAIN, "workers = groups(1, size = 2), on a { partition = feature }, on b { partition = none }") == {
        "a": ("feature", "written"),
        "b": ("none", "written"),
        "c": ("batch", "topology-default"),
        "loss": ("batch", "topology-default"),
    }


def test_a_default_that_a_layer_does_not_have_falls_back() -> None:
    found = reasons(CHAIN, "workers = groups(1, size = 4), partition = feature")
    assert found == {
        "a": ("batch", "not-divisible"),
        "b": ("batch", "not-divisible"),
        "c": ("feature", "topology-default"),
        "loss": ("batch", "no-such-cut"),
    }
    by_rule = reasons(CHAIN, "workers = groups(1, size = 4), on all { partition = feature }")
    assert by_rule == found | {"c": ("feature", "written")}
    nothing = reasons(CHAIN, "workers = groups(1, size = 5), partition = feature")
    assert nothing["loss"] == ("none", "no-such-cut") and nothing["a"] == ("none", "not-divisible")


def test_one_worker_has_no_choice() -> None:
    found = decided(CHAIN, "workers = groups(1, size = 2), on c { stage = 1 }")
    assert {(one.cut, one.reason) for one in found.values()} == {("batch", "only-worker")}
    assert not any(one.rejected for one in found.values())


def test_the_cost_model_chooses_where_it_may_and_tells_what_else_would_cost() -> None:
    found = decided(CHAIN, "workers = groups(1, size = 2), partition = auto, on a { partition = batch }")
    assert found["a"].reason == "written" and found["b"].reason in ("cheapest", "cheapest-found")
    assert {one.cut for one in found["b"].rejected} | {found["b"].cut} == {"batch", "feature", "none"}
    costs = [one.step_s for one in found["b"].rejected]
    assert all(cost is not None and cost >= found["b"].step_s for cost in costs)
    assert len({one.step_s for one in found.values()}) == 1


def test_what_is_not_possible_says_why() -> None:
    found = decided(CHAIN, "workers = groups(1, size = 4)")["a"]
    [impossible] = [one for one in found.rejected if one.why]
    assert impossible.cut == "feature" and impossible.why is not None and "length 6, which 4 workers" in impossible.why


def test_layers_that_only_evaluation_has_are_decided_too() -> None:
    body = CHAIN + "\nwhen test { m = (out -> e: softmax, d.y) -> accuracy }"
    made = section(body, "workers = groups(1, size = 4), partition = auto, on c { stage = 1 }, on e { partition = none }")
    found = {one.layer: one for one in made.decisions}
    assert (found["e"].cut, found["e"].reason, found["e"].stage) == ("none", "written", 1)
    assert (found["m"].cut, found["m"].stage, found["m"].stage_reason) == ("batch", 1, "follows-inputs")
    assert "e" in {node.name for node in made.nets["test"].nodes} - {node.name for node in made.nets["train"].nodes}
