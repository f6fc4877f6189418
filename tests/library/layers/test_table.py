"""Every layer kind of the library against its case file: a kind joins by existing, and fails until it has cases.

Figures: 64 bits against a formula to 1e-9 of the largest entry and against finite differences to 1e-6; 32 bits to 1e-4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from singalang_compiler.library import kinds
from singalang_compiler.library.kinds import Kind
from singalang_compiler.library.ops_jax.ops import JaxOps
from singalang_compiler.library.tensors import Cost, Inputs, TensorSpec
from tests.library.layers.case import Call, Case, Numbers
from tests.library.layers.pieces import can_be_cut, cut_and_joined
from tests.library.layers.run import assert_close, call_of, forms, in_test_phase, layer_of, layouts, outcome, value
from tests.library.layers.table import KINDS, cases, cotangent, file_of

every_case = pytest.mark.parametrize(("kind", "case"), cases("normal", "apart", "ties"))
every_kind = pytest.mark.parametrize("kind", KINDS)


def kind_called(name: str) -> Kind:
    found = kinds.find("layers", name)
    assert found is not None
    return found


@every_kind
def test_a_kind_has_cases(kind: str) -> None:
    assert getattr(file_of(kind), "CASES", ()), f"write tests/library/layers/cases/{kind}.py"


@every_case
def test_64_bits_agree_with_the_formula(kind: str, case: Case) -> None:
    call, g = call_of(kind, case), cotangent(kind, case)
    for ops in forms(call, "f64"):
        agree_with_formula(kind, call, ops, g, 1e-9)


@every_case
def test_32_bits_agree_with_the_formula(kind: str, case: Case) -> None:
    call, g = call_of(kind, case, np.float32), cotangent(kind, case).astype(np.float32).astype(np.float64)
    for ops in forms(call, "f32"):
        agree_with_formula(kind, call, ops, g, 1e-4)


def agree_with_formula(kind: str, call: Call, ops: JaxOps, g: Numbers, tolerance: float) -> None:
    formula = file_of(kind)
    wanted_inputs, wanted_parameters = formula.gradient(call, g)
    wanted_metrics = formula.metrics(call) if hasattr(formula, "metrics") else {}
    wanted_state = formula.new_state(call) if hasattr(formula, "new_state") else {}
    for layout in layouts(call):
        found = outcome(call, ops, layout, g)
        assert found.value.dtype == ops.dtype
        assert_close(found.value, formula.forward(call), tolerance, "value")
        assert len(wanted_inputs) == len(call.inputs)
        for place, wanted in enumerate(wanted_inputs):
            gradient = found.inputs[place]
            assert (gradient is None) == (wanted is None), f"input {place}"
            if gradient is not None and wanted is not None:
                assert_close(gradient, wanted, tolerance, f"gradient of input {place}")
        for what, made, known in (
            ("gradient of", found.parameters, wanted_parameters),
            ("metric", found.metrics, wanted_metrics),
            ("new state", found.state, wanted_state),
        ):
            assert sorted(made) == sorted(known), what
            for name in known:
                assert_close(made[name], known[name], tolerance, f"{what} {name}")


@pytest.mark.parametrize(("kind", "case"), cases("normal", "apart"))
def test_finite_differences_agree_with_the_formula(kind: str, case: Case) -> None:
    """Equal numbers are left out: there the gradient is a choice, and the formula says which."""
    call, g = call_of(kind, case), cotangent(kind, case)
    for ops in forms(call, "f64"):
        slopes_agree_with_formula(kind, call, ops, g)


def slopes_agree_with_formula(kind: str, call: Call, ops: JaxOps, g: Numbers) -> None:
    """Moves each input and each parameter along a direction of its own."""
    apply, random = value(call, ops), np.random.default_rng(0)

    def moved_input(place: int, along: Numbers, h: float) -> float:
        inputs = (*call.inputs[:place], call.inputs[place] + h * along, *call.inputs[place + 1 :])
        return float((g * apply(inputs, call.parameters)).sum())

    def moved_parameter(name: str, along: Numbers, h: float) -> float:
        return float((g * apply(call.inputs, {**call.parameters, name: call.parameters[name] + h * along})).sum())

    wanted_inputs, wanted_parameters = file_of(kind).gradient(call, g)
    for place, wanted in enumerate(wanted_inputs):
        if wanted is not None:
            along = random.normal(size=wanted.shape)
            agree(difference(partial(moved_input, place, along)), (wanted * along).sum(), f"input {place}")
    for name, x in call.parameters.items():
        along = random.normal(size=x.shape)
        agree(difference(partial(moved_parameter, name, along)), (wanted_parameters[name] * along).sum(), name)


def difference(function: Callable[[float], float]) -> float:
    """Slope of a function of one number at 0, to the fourth order."""
    h = 1e-3
    return (8 * (function(h) - function(-h)) - (function(2 * h) - function(-2 * h))) / (12 * h)


def agree(slope: float, wanted: float, what: str) -> None:
    assert abs(slope - wanted) <= 1e-6 * max(1.0, abs(wanted)), f"{what}: {slope} by differences, {wanted} by the gradient"


@every_case
def test_the_shape_rule_tells_what_forward_makes(kind: str, case: Case) -> None:
    call = call_of(kind, case)
    spec = call.layer.shape(case.given)
    assert file_of(kind).forward(call).shape == (case.batch, *spec.shape)
    assert spec.dtype == "float"
    assert spec.classes is None


@every_case
def test_pieces_make_the_whole(kind: str, case: Case) -> None:
    """The output, the gradients, and of layers that share their statistics the new state of every worker."""
    call, g, formula = call_of(kind, case), cotangent(kind, case), file_of(kind)
    partitions = call.layer.partitions(case.given)
    assert partitions[0].name == "batch"
    assert len({str(partition) for partition in partitions}) == len(partitions)
    inputs, parameters = formula.gradient(call, g)
    for partition in partitions:
        if partition.name in case.uncut or not can_be_cut(call, partition):
            continue
        made, states = cut_and_joined(case, call, partition, g)
        assert_close(made.value, formula.forward(call), 1e-9, str(partition))
        for place, (gradient, wanted) in enumerate(zip(made.inputs, inputs, strict=True)):
            if gradient is not None and wanted is not None:
                assert_close(gradient, wanted, 1e-9, f"{partition}: gradient of input {place}")
        for name, wanted in parameters.items():
            assert_close(made.parameters[name], wanted, 1e-9, f"{partition}: gradient of {name}")
        wanted_state = formula.new_state(call) if hasattr(formula, "new_state") else {}
        for name, wanted in wanted_state.items():
            axis = partition.state.get(name)
            found = [states[0][name], states[1][name]]
            for whole in found if axis is None else [np.concatenate(found, axis)]:
                assert_close(whole, wanted, 1e-9, f"{partition}: new state {name}")


@every_case
def test_what_pieces_of_a_batch_make_of_it_is_told(kind: str, case: Case) -> None:
    """A kind whose pieces differ from the whole says so, and one that says so differs."""
    layer = layer_of(kind, case)
    assert (layer.approximation() is not None and case.training) == ("batch" in case.uncut)
    if "batch" in case.uncut:
        call, g = call_of(kind, case), cotangent(kind, case)
        made, _ = cut_and_joined(case, call, layer.partitions(case.given)[0], g)
        assert np.abs(made.value - file_of(kind).forward(call)).max() > 1e-3


@every_case
def test_names_are_those_declared(kind: str, case: Case) -> None:
    layer = layer_of(kind, case)
    assert set(layer.parameters(case.given)) <= set(layer.parameter_names)
    low, high = layer.arity
    assert low <= len(case.inputs) <= (len(case.inputs) if high is None else high)
    for name, parameter in layer.parameters(case.given).items():
        assert min(parameter.fan_in, parameter.fan_out) >= 1, name
        assert isinstance(parameter.init, float) or parameter.init in kinds.names("inits"), name
        assert name not in case.absent or parameter.optional, name


@every_kind
def test_every_declared_name_is_used(kind: str) -> None:
    formula, cls = file_of(kind), kind_called(kind).constants
    made = {name for case in formula.CASES for name in layer_of(kind, case).parameters(case.given)}
    assert made == set(cls["parameter_names"])
    assert hasattr(formula, "metrics") == bool(cls["metric_names"])
    for case in formula.CASES if cls["metric_names"] else ():
        assert set(formula.metrics(call_of(kind, case))) == set(cls["metric_names"])
    assert hasattr(formula, "predict") == cls["is_loss"], "a loss says what its net predicts"
    if cls["late_parameter"] is not None:
        assert cls["late_parameter"] in cls["parameter_names"]


@every_kind
def test_the_documentation_is_complete(kind: str) -> None:
    found = kind_called(kind)
    doc = found.doc
    assert doc.split("\n")[0].endswith((".", ". Scores of any size are safe.")), "the first line is a sentence"
    for word in ("Shapes: ", "Source: "):
        assert word in doc, f"{kind} says nothing after {word}"
    assert " -> " in doc[doc.index("Shapes: ") : doc.index("Source: ")]
    assert found.cls is not None
    comments = kinds.field_docs(found.cls)
    assert set(comments) >= {attribute.name for attribute in found.attributes}


@every_case
def test_the_cost_grows_with_the_size(kind: str, case: Case) -> None:
    if case.shared:
        return  # another layer's weight does not grow along
    layer = layer_of(kind, case)
    larger = Inputs(tuple(twice(spec, case) for spec in case.inputs), case.shared, case.absent)
    if larger == case.given:
        return  # numbers do not grow
    small, large = layer.cost(case.given), layer.cost(larger)
    assert small.moved_elements < large.moved_elements
    for before, after in (
        (small.forward_flops, large.forward_flops),
        (small.backward_flops, large.backward_flops),
    ):
        assert 0 < before < after or before == after == 0
    assert 0 <= small.residual_bytes_f32 <= large.residual_bytes_f32


def twice(spec: TensorSpec, case: Case) -> TensorSpec:
    """An input of twice the length along its first axis, images along their rows; the number of classes goes along."""
    match spec.shape:
        case channels, height, width:
            return TensorSpec((channels, 2 * height, width))
        case ():
            grows = spec.classes is not None and len(case.inputs[0].shape) == 1
            return TensorSpec((), spec.dtype, 2 * spec.classes if grows and spec.classes else spec.classes)
    return TensorSpec((2 * spec.shape[0], *spec.shape[1:]), spec.dtype, spec.classes)


@every_kind
def test_losses_predict(kind: str) -> None:
    formula = file_of(kind)
    if not kind_called(kind).constants["is_loss"]:
        return
    for case in formula.CASES:
        call = call_of(kind, case)
        assert_close(in_test_phase(call, "predict"), formula.predict(call), 1e-9, case.name)


@every_kind
def test_nothing_is_drawn_in_an_evaluation(kind: str) -> None:
    for case in file_of(kind).CASES[:2]:
        call = replace(call_of(kind, case), training=False)
        assert_close(in_test_phase(call, "forward"), file_of(kind).forward(call), 1e-9, case.name)


def test_work_is_counted_by_the_products() -> None:
    conv = layer_of("conv", Case("", (), {"filters": 32, "kernel": 5, "pad": 2}))
    dense = layer_of("dense", Case("", (), {"units": 2500}))
    image, vector = Inputs((TensorSpec((3, 32, 32)),)), Inputs((TensorSpec((784,)),))
    products = 2 * 32 * 32 * 32 * 75
    assert conv.cost(image) == Cost(products + 32768, 2 * products + 32768, 3 * (3072 + 32768))
    assert dense.cost(vector) == Cost(2 * 784 * 2500 + 2500, 4 * 784 * 2500 + 2500, 3 * (784 + 2500))
