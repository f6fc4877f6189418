"""Every initialiser kind against its formula on the same draws, and against the moments and bounds of its distribution.

A kind joins by its file in `cases/`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import jax
import numpy as np
import pytest

from singalang_compiler.library import kinds
from singalang_compiler.library.contract import AttributeFault
from singalang_compiler.library.inits.glorot_uniform import GlorotUniform
from singalang_compiler.library.inits.uniform import Uniform
from singalang_compiler.library.inits.uniform_sqrt_fan_in import UniformSqrtFanIn
from singalang_compiler.library.inits.uniform_sqrt_fan_in_out import UniformSqrtFanInOut
from singalang_compiler.library.ops_jax.ops import JaxOps
from tests.library.inits.case import FAN_IN, FAN_OUT, Case

SHAPE = (FAN_IN, FAN_OUT)
KEYS = (1, 2, 3)

ALL = [(kind, case) for kind in kinds.names("inits") for case in import_module(f"tests.library.inits.cases.{kind}").CASES]
EVERY_CASE = pytest.mark.parametrize(("kind", "case"), ALL)


def case_of(kind: str, case: str) -> Case:
    found: Case = import_module(f"tests.library.inits.cases.{kind}").CASES[case]
    return found


def values(case: Case, key: int, shape: tuple[int, ...] = SHAPE, ops: JaxOps | None = None) -> Any:
    return np.asarray(case.init.values(jax.random.PRNGKey(key), shape, FAN_IN, FAN_OUT, ops or JaxOps("f32")))


@EVERY_CASE
def test_values_are_the_formula_of_the_draws(kind: str, case: str) -> None:
    chosen = case_of(kind, case)
    for precision, tolerance in (("f32", 2e-6), ("f64", 1e-12)):
        with jax.enable_x64(precision == "f64"):
            ops = JaxOps(precision)  # type: ignore[arg-type]
            key = jax.random.PRNGKey(5)
            draws = {"normal": ops.normal(key, SHAPE), "uniform": ops.uniform(key, SHAPE), "none": np.zeros(SHAPE)}[chosen.draws]
            wanted = chosen.formula(np.asarray(draws, np.float64), FAN_IN, FAN_OUT)
            got = values(chosen, 5, ops=ops)
        assert got.dtype == np.dtype(precision.replace("f", "float"))
        assert got.shape == SHAPE
        assert np.abs(got - wanted).max() <= tolerance * np.abs(wanted).max()


@EVERY_CASE
@pytest.mark.parametrize("key", KEYS)
def test_values_have_the_moments_and_bounds_of_their_distribution(kind: str, case: str, key: int) -> None:
    chosen = case_of(kind, case)
    got = values(chosen, key).astype(np.float64)
    count = got.size
    assert abs(got.mean() - chosen.mean) <= 5 * chosen.std / count**0.5 + 1e-7 * abs(chosen.mean)
    assert abs(got.std() - chosen.std) <= 0.02 * chosen.std + 1e-7
    slack = 1e-6 * max(abs(got.min()), abs(got.max()))
    assert chosen.low - slack <= got.min()
    assert got.max() <= chosen.high + slack
    if np.isfinite(chosen.low):  # 60,000 draws come near both ends
        reach = 1e-3 * (chosen.high - chosen.low)
        assert got.min() <= chosen.low + reach + slack
        assert got.max() >= chosen.high - reach - slack


@EVERY_CASE
def test_each_key_has_its_own_values_and_the_same_key_the_same(kind: str, case: str) -> None:
    chosen = case_of(kind, case)
    np.testing.assert_array_equal(values(chosen, 1), values(chosen, 1))
    assert (values(chosen, 1) == values(chosen, 2)).all() == (chosen.draws == "none")


@EVERY_CASE
@pytest.mark.parametrize("shape", [(), (1,), (3, 2, 2, 4)])
def test_any_shape_will_do(kind: str, case: str, shape: tuple[int, ...]) -> None:
    assert values(case_of(kind, case), 1, shape).shape == shape


@EVERY_CASE
def test_a_case_is_of_the_kind_that_its_file_is_named_for(kind: str, case: str) -> None:
    assert type(case_of(kind, case).init)._singa_kind == ("inits", kind)  # type: ignore[attr-defined]


def test_singas_interval_times_the_root_of_six_is_glorots() -> None:
    key, ops = jax.random.PRNGKey(4), JaxOps("f32")
    glorot = GlorotUniform().values(key, SHAPE, FAN_IN, FAN_OUT, ops)
    np.testing.assert_allclose(UniformSqrtFanInOut(value=6**0.5).values(key, SHAPE, FAN_IN, FAN_OUT, ops), glorot, rtol=1e-5)


@pytest.mark.parametrize("kind", [Uniform, UniformSqrtFanIn, UniformSqrtFanInOut])
def test_an_empty_interval_is_a_fault(kind: type) -> None:
    with pytest.raises(AttributeFault, match=r"from 1 to -0\.5 is empty") as raised:
        kind(low=1.0, high=-0.5)
    assert raised.value.attribute == "low"
