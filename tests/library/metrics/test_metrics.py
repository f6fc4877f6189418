"""Every metric kind against its formula, record by record. A kind joins by its file in `cases/`."""

from __future__ import annotations

from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from singalang_compiler.library import kinds
from singalang_compiler.library.metrics.accuracy import Accuracy
from singalang_compiler.library.ops_jax.ops import JaxOps
from singalang_compiler.library.tensors import Inputs, ShapeError, TensorSpec
from tests.library.metrics.case import Case

ALL = [(kind, case) for kind in kinds.names("metrics") for case in import_module(f"tests.library.metrics.cases.{kind}").CASES]
EVERY_CASE = pytest.mark.parametrize(("kind", "case"), ALL)


def case_of(kind: str, case: str) -> Case:
    found: Case = import_module(f"tests.library.metrics.cases.{kind}").CASES[case]
    return found


@EVERY_CASE
def test_the_value_of_each_record_is_the_formulas(kind: str, case: str) -> None:
    chosen = case_of(kind, case)
    chosen.metric.check(Inputs(chosen.inputs))
    arrays = chosen.draw(seed=3, batch=200)
    got = jax.jit(lambda *inputs: chosen.metric.measure(inputs, JaxOps("f32")))(*map(jnp.asarray, arrays))
    wanted = [chosen.formula(*record) for record in zip(*arrays, strict=True)]
    assert got.shape == (200,)
    assert got.dtype == jnp.float32
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-7)


@EVERY_CASE
def test_inputs_that_it_cannot_be_measured_on_are_refused(kind: str, case: str) -> None:
    chosen = case_of(kind, case)
    assert any(case_of(kind, other).wrong for each, other in ALL if each == kind), "say what it refuses"
    for inputs, words in chosen.wrong:
        with pytest.raises(ShapeError, match=words):
            chosen.metric.check(Inputs(inputs))


@EVERY_CASE
def test_a_case_is_of_the_kind_that_its_file_is_named_for(kind: str, case: str) -> None:
    chosen = case_of(kind, case)
    assert type(chosen.metric)._singa_kind == ("metrics", kind)  # type: ignore[attr-defined]
    least, most = chosen.metric.arity
    assert least <= len(chosen.inputs)
    assert most is None or len(chosen.inputs) <= most


def test_equal_scores_find_the_first_class_alone() -> None:
    scores, labels = jnp.zeros((4, 4)), jnp.arange(4)
    np.testing.assert_array_equal(Accuracy().measure((scores, labels), JaxOps("f32")), [1, 0, 0, 0])
    np.testing.assert_array_equal(Accuracy(topk=2).measure((scores, labels), JaxOps("f32")), [1, 1, 0, 0])


def test_scores_that_are_not_numbers_find_nothing() -> None:
    nan = float("nan")
    scores = jnp.asarray([[nan, nan, nan], [nan, 5.0, 1.0], [3.0, nan, 1.0], [0.0, 1.0, 2.0]])
    labels = jnp.asarray([0, 1, 1, 2])
    np.testing.assert_array_equal(Accuracy().measure((scores, labels), JaxOps("f32")), [0, 0, 0, 1])
    np.testing.assert_array_equal(Accuracy(topk=2).measure((scores, labels), JaxOps("f32")), [0, 1, 0, 1])


def test_infinite_scores_are_compared_as_numbers() -> None:
    inf = float("inf")
    scores = jnp.asarray([[-inf, inf, 0.0], [-inf, -inf, -inf], [inf, inf, 0.0]])
    np.testing.assert_array_equal(Accuracy().measure((scores, jnp.asarray([1, 0, 1])), JaxOps("f32")), [1, 1, 0])


def test_accuracy_is_a_share_and_better_when_higher() -> None:
    found = kinds.find("metrics", "accuracy")
    assert found is not None
    assert found.constants == {"arity": (2, 2), "better": "higher", "percent": True}


def test_the_message_for_a_wrong_number_of_scores_says_what_to_write() -> None:
    with pytest.raises(ShapeError) as raised:
        Accuracy().check(Inputs((TensorSpec((7,)), TensorSpec((), "i32", 10))))
    assert raised.value.hint == "end the net with `dense(10)`"
    assert raised.value.input == 0
