"""Every schedule kind against its formula in float64, at every step up to a million. A kind joins by its file in `cases/`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from singalang_compiler.library import kinds
from singalang_compiler.library.contract import AttributeFault, Schedule
from singalang_compiler.library.ops_jax.ops import JaxOps
from singalang_compiler.library.schedules.piecewise import Piecewise
from singalang_compiler.library.schedules.step import Step
from singalang_compiler.library.schedules.warmup_cosine import WarmupCosine
from tests.library.schedules.case import Case

OPS = JaxOps("f32")
MILLION = np.arange(1_000_001, dtype=np.int64)
TINY = 1.2e-38
"""The least normal float32: below it a rate may be rounded to 0."""


def case_of(kind: str, case: str) -> Case:
    module = import_module(f"tests.library.schedules.cases.{kind}")
    found: Case = module.CASES[case]
    return found


ALL = [(kind, case) for kind in kinds.names("schedules") for case in import_module(f"tests.library.schedules.cases.{kind}").CASES]
EVERY_CASE = pytest.mark.parametrize(("kind", "case"), ALL)


def rates(schedule: Schedule, steps: Any) -> Any:
    """The rates at these steps, each worked out as a kernel does it: from one int32."""
    return np.asarray(jax.jit(jax.vmap(lambda step: schedule.rate(step, OPS)))(jnp.asarray(steps, jnp.int32)))


@EVERY_CASE
def test_every_rate_of_a_million_steps_is_within_a_millionth(kind: str, case: str) -> None:
    chosen = case_of(kind, case)
    got, wanted = rates(chosen.schedule, MILLION).astype(np.float64), chosen.formula(MILLION)
    assert np.isfinite(wanted).all()
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=TINY)


@EVERY_CASE
def test_one_rate_is_one_float32(kind: str, case: str) -> None:
    for double in (False, True):
        with jax.enable_x64(double):
            rate = jax.jit(lambda step: case_of(kind, case).schedule.rate(step, OPS))(jnp.int32(7))
        assert rate.shape == ()
        assert rate.dtype == jnp.float32
    np.testing.assert_allclose(rate, case_of(kind, case).formula(np.array([7]))[0], rtol=1e-6, atol=TINY)


@EVERY_CASE
def test_a_case_is_of_the_kind_that_its_file_is_named_for(kind: str, case: str) -> None:
    assert type(case_of(kind, case).schedule)._singa_kind == ("schedules", kind)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("kind", "case"), [each for each in ALL if each != ("step", "rising")])  # which grows beyond all bounds
def test_rates_are_right_up_to_the_largest_int32(kind: str, case: str) -> None:
    late = np.array([2**24 - 1, 2**24 + 1, 2**30, 2**31 - 2])
    with np.errstate(under="ignore"):
        wanted = case_of(kind, case).formula(late)
    np.testing.assert_allclose(rates(case_of(kind, case).schedule, late), wanted, rtol=1e-6, atol=TINY)


def test_steps_fall_as_optax_has_them() -> None:
    steps = np.arange(0, 1000, 3)
    wanted = optax.exponential_decay(0.3, transition_steps=50, decay_rate=0.7, staircase=True)
    np.testing.assert_allclose(rates(Step(0.3, 0.7, 50), steps), jax.vmap(wanted)(steps), rtol=1e-5)


def test_the_cosine_falls_as_optax_has_it() -> None:
    steps = np.arange(100, 1200)
    wanted = optax.cosine_decay_schedule(0.3, decay_steps=900, alpha=0.05)
    np.testing.assert_allclose(rates(WarmupCosine(0.3, 100, 1000, 0.05), steps), jax.vmap(wanted)(steps - 100), rtol=1e-4)


def test_the_warmup_reaches_its_peak_and_no_step_is_wasted() -> None:
    got = rates(WarmupCosine(0.5, 10, 100), np.arange(102))
    assert got[0] > 0
    np.testing.assert_allclose(got[9:11], 0.5)
    assert (np.diff(got[:10]) > 0).all()
    assert (np.diff(got[10:101]) < 0).all()
    assert got[99] > 0
    np.testing.assert_array_equal(got[100:], 0)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ((), "has no point"),
        (((5, 0.1),), "no rate for the steps before 5"),
        (((0, 0.1), (20, 0.2), (10, 0.3)), "a point at step 10 comes after a point at step 20"),
        (((0, 0.1), (0, 0.2)), "a point at step 0 comes after a point at step 0"),
    ],
)
def test_points_that_do_not_rise_are_a_fault(points: tuple[tuple[int, float], ...], words: str) -> None:
    with pytest.raises(AttributeFault, match=words) as raised:
        Piecewise(points)
    assert raised.value.hint


@pytest.mark.parametrize(("warmup", "total"), [(100, 100), (101, 100)])
def test_a_warmup_that_leaves_no_step_is_a_fault(warmup: int, total: int) -> None:
    with pytest.raises(AttributeFault) as raised:
        WarmupCosine(0.1, warmup, total)
    assert raised.value.attribute == "warmup"


def test_epochs_that_are_not_known_yet_are_no_fault() -> None:
    class Epochs:
        """Stands for `epochs(n)`."""

    WarmupCosine(0.1, Epochs(), 10)  # type: ignore[arg-type]
    Piecewise(((0, 0.1), (Epochs(), 0.01)))  # type: ignore[arg-type]
