"""What a backward pass keeps of its forward pass: not what is there anyway, nor what is worked out from that."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import Var

from singalang_compiler.lower.group.leaves import leaves_of
from singalang_compiler.lower.group.tracing import Named, Traced, trace
from singalang_compiler.plan import Argument
from singalang_compiler.plan_group import ArrayRecord, GroupRecord
from tests.compiler.lower.group.programs import CNN, MLP, RESIDUAL, TOPOLOGIES, plan_of, program


def group_of(net: str, topology: str) -> GroupRecord:
    group = plan_of(program(net, topology)).plan.sections[0].group
    assert group is not None
    return group


def kept(group: GroupRecord) -> Iterator[ArrayRecord]:
    return (array for role in group.roles for array in role.arrays if array.name.startswith("kept/"))


@pytest.mark.parametrize("net", [MLP, CNN], ids=["mlp", "cnn"])
def test_of_relus_dropouts_and_pools_only_masks_and_places_are_kept(net: str) -> None:
    found = list(kept(group_of(net.replace("tanh", "relu").replace("-> a3: lrn(3)", ""), TOPOLOGIES["feature"])))
    assert found
    assert {array.dtype for array in found if array.shape} <= {"bool", "uint8"}


def test_batch_normalisation_keeps_its_statistics_and_no_image() -> None:
    images = {"b@batch", "b4@batch", "a@batch"}
    group = group_of(RESIDUAL, TOPOLOGIES["batch"])
    sizes = {prod(array.shape) for role in group.roles for array in role.arrays if array.name in images}
    first = [array for array in kept(group) if array.name.startswith("kept/0/")]
    assert sizes
    assert first
    assert not sizes & {prod(array.shape) for array in first if array.dtype == "float64"}


def test_what_is_computed_again_is_not_kept() -> None:
    assert list(kept(group_of(CNN, TOPOLOGIES["feature"])))
    assert not list(kept(group_of(CNN, TOPOLOGIES["feature"] + "\n remat = true")))


def test_backward_passes_take_weights_views_and_fields_again() -> None:
    (role,) = group_of(MLP, TOPOLOGIES["feature"]).roles
    assert {"parameters/1/small", "a3@whole"} <= {*role.calls["backward/1"].inputs}
    assert "d.row@whole" in role.calls["backward/0"].inputs


def traced(**shapes: tuple[int, ...]) -> tuple[Traced, dict[str, Var]]:
    """A function that does something of each sort with x, w and s, and where its results are."""

    def function(arrays: Named) -> Named:
        x, w = arrays["x"], arrays["w"]
        mean = jnp.sin(x).sum(axis=0)
        return {
            "given": x,
            "moved": x.T,
            "part": x[1:],
            "part_of_weight": w[1:],
            "computed": jnp.sin(x),
            "centred": x - mean,
            "constant": jnp.zeros(3),
            "state": arrays["s"] * 1,
        }

    inputs = [Argument(name=name, dtype="float32", shape=shape) for name, shape in shapes.items()]
    found = trace(function, inputs, double=False)
    return found, found.results


def test_only_what_cannot_be_worked_out_cheaply_is_kept() -> None:
    function, results = traced(x=(64, 4), w=(8, 4), s=(4,))
    leaves = leaves_of(function, None, list(results.values()), ["w"], ["x"], "kept/")
    shapes = [var.aval.shape for var in leaves.kept.values()]  # type: ignore[attr-defined]
    assert sorted(shapes) == [(4,), (4,), (63, 4), (64, 4)]  # the state, the mean, the part of x, its sine
    arrays = {"x": np.arange(256, dtype="float32").reshape(64, 4), "w": np.ones((8, 4), "float32"), "s": np.ones(4, "float32")}
    values = dict(
        zip(
            function.outputs,
            function.evaluate(list(results.values()), {function.variables[n]: a for n, a in arrays.items()}),
            strict=True,
        )
    )
    names = {var: name for name, var in leaves.kept.items()}
    inner = dict(zip(names, function.evaluate(list(names), {function.variables[n]: a for n, a in arrays.items()}), strict=True))
    known = {names[var]: array for var, array in inner.items()} | {name: arrays[name] for name in ("x", "w")}
    for name, value in zip(function.outputs, leaves.values(known), strict=True):
        np.testing.assert_array_equal(value, values[name], err_msg=name)


def test_a_pruned_function_takes_only_what_its_results_need() -> None:
    function, results = traced(x=(64, 4), w=(8, 4), s=(4,))
    part = function.giving({"part": results["part_of_weight"]}).pruned()
    assert [argument.name for argument in part.inputs] == ["w"]
    assert len(part.jaxpr.jaxpr.eqns) == 1


def test_functions_have_one_fingerprint_whatever_the_names_of_their_arguments() -> None:
    def double(name: str, factor: float) -> Traced:
        inputs = [Argument(name=name, dtype="float32", shape=(3,))]
        return trace(lambda arrays: {"y": arrays[name] * factor}, inputs, double=False)

    assert double("a", 2.0).fingerprint() == double("b", 2.0).fingerprint()
    assert double("a", 2.0).fingerprint() != double("a", 3.0).fingerprint()
