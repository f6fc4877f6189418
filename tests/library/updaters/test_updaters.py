"""Every updater kind, twenty steps, against its NumPy formula and Optax. A kind joins by its file in `cases/`."""

from __future__ import annotations

from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from singalang_compiler.library import kinds
from singalang_compiler.library.contract import AttributeFault
from singalang_compiler.library.ops_jax.ops import JaxOps
from singalang_compiler.library.schedules.fixed import Fixed
from singalang_compiler.library.update_rule import UpdateRule
from singalang_compiler.library.updaters.adam import Adam
from singalang_compiler.library.updaters.sgd import Sgd
from tests.library.updaters.problem import AROUND, GRADIENTS, START, Around, by_formula, by_optax, case_of, ours, updated, worst

ALL = [(kind, case) for kind in kinds.names("updaters") for case in import_module(f"tests.library.updaters.cases.{kind}").CASES]
EVERY_CASE = pytest.mark.parametrize(("kind", "case"), ALL)
EVERY_AROUND = pytest.mark.parametrize("around", AROUND)


@EVERY_AROUND
@EVERY_CASE
def test_twenty_steps_equal_the_formula_in_both_precisions(kind: str, case: str, around: str) -> None:
    chosen = case_of(kind, case)
    wanted, wanted_slots = by_formula(chosen, AROUND[around])
    values, slots = ours(kind, case, around, "f64")
    assert worst(values, wanted) < 1e-6
    for name in START:
        assert set(slots[name]) == set(chosen.updater.slot_names())
        if slots[name]:
            assert worst(slots[name], wanted_slots[name]) < 1e-6
    single, _ = ours(kind, case, around, "f32")
    for name, right in wanted.items():
        assert np.abs(single[name] - right).max() <= 1e-5 * np.abs(right).max()


@EVERY_AROUND
@EVERY_CASE
def test_twenty_steps_equal_optax(kind: str, case: str, around: str) -> None:
    with jax.enable_x64(True):
        wanted = by_optax(case_of(kind, case), AROUND[around])
    assert worst(ours(kind, case, around, "f64")[0], wanted) < 1e-6


@EVERY_CASE
def test_a_case_is_of_the_kind_that_its_file_is_named_for(kind: str, case: str) -> None:
    assert type(case_of(kind, case).updater)._singa_kind == ("updaters", kind)  # type: ignore[attr-defined]


@EVERY_CASE
def test_a_clip_that_is_not_symmetric_equals_the_formula(kind: str, case: str) -> None:
    around = Around(clip=(-0.1, 0.7))
    with jax.enable_x64(True):
        values, _ = updated(case_of(kind, case), around, JaxOps("f64"))
    assert worst(values, by_formula(case_of(kind, case), around)[0]) < 1e-6


@EVERY_CASE
def test_each_surrounding_changes_the_result(kind: str, case: str) -> None:
    plain = ours(kind, case, "nothing", "f32")[0]
    for around in set(AROUND) - {"nothing"}:
        assert worst(ours(kind, case, around, "f32")[0], plain) > 1e-3, around


@pytest.mark.parametrize("updater", [Sgd(), Sgd(momentum=0.9), Adam()])
def test_parameters_in_one_buffer_are_updated_as_if_alone(updater: Sgd | Adam) -> None:
    ops = JaxOps("f32")
    rule = UpdateRule(updater, Fixed(0.1), 0.05, (-1.0, 1.0), 3.0)
    lr_scale, wd_scale = {"a": 1.0, "b": 2.0, "c": 0.0}, {"a": 1.0, "b": 0.0, "c": 3.0}
    gradients, values = GRADIENTS[0], START
    one_by_one = {}
    norm = rule.norm([(ops.cast(gradients[name]), lr_scale[name]) for name in START], ops)
    for name in START:
        slots = {slot: jnp.ones(START[name].shape) for slot in rule.slot_names()}
        one_by_one[name], _ = rule.apply(
            ops.cast(gradients[name]), ops.cast(values[name]), slots, rate=jnp.float32(0.1), step=jnp.int32(3), ops=ops, norm=norm,
            lr_scale=lr_scale[name], wd_scale=wd_scale[name],
        )  # fmt: skip
    flat = {what: jnp.concatenate([ops.cast(arrays[name]).ravel() for name in START])
            for what, arrays in (("gradient", gradients), ("value", values))}  # fmt: skip
    spread = {what: jnp.concatenate([jnp.full(START[name].size, scale[name]) for name in START])
              for what, scale in (("lr", lr_scale), ("wd", wd_scale))}  # fmt: skip
    together = rule.norm([(flat["gradient"], spread["lr"])], ops)
    done, _ = rule.apply(
        flat["gradient"], flat["value"], {slot: jnp.ones(flat["value"].shape) for slot in rule.slot_names()},
        rate=jnp.float32(0.1), step=jnp.int32(3), ops=ops, norm=together, lr_scale=spread["lr"], wd_scale=spread["wd"],
    )  # fmt: skip
    assert together is not None
    assert norm is not None
    np.testing.assert_allclose(together, norm, rtol=1e-6)
    np.testing.assert_allclose(done, np.concatenate([np.ravel(one_by_one[name]) for name in START]), rtol=1e-6)
    np.testing.assert_array_equal(np.ravel(one_by_one["c"]), ops.cast(START["c"]).ravel(), "lr_scale = 0 freezes")


def test_frozen_parameters_do_not_count_in_the_norm() -> None:
    ops = JaxOps("f32")
    rule = UpdateRule(Sgd(), Fixed(0.1), clip_norm=1.0)
    norm = rule.norm(
        [(jnp.asarray([3.0, 4.0]), 1.0), (jnp.asarray([100.0]), 0.0), (jnp.asarray([9.0, 12.0]), jnp.asarray([0.0, 1.0]))], ops
    )
    assert norm is not None
    np.testing.assert_allclose(norm, 13.0, rtol=1e-6)


def test_the_norm_is_taken_after_clipping_by_value() -> None:
    ops = JaxOps("f32")
    rule = UpdateRule(Sgd(), Fixed(0.1), clip=(-3.0, 4.0), clip_norm=2.5)
    gradient = jnp.asarray([-100.0, 100.0])
    norm = rule.norm([(gradient, 1.0)], ops)
    assert norm is not None
    np.testing.assert_allclose(norm, 5.0, rtol=1e-6)
    value, _ = rule.apply(gradient, jnp.zeros(2), {}, rate=jnp.float32(1), step=jnp.int32(0), ops=ops, norm=norm)
    np.testing.assert_allclose(value, [1.5, -2.0], rtol=1e-6)


def test_gradients_of_zero_have_a_norm_that_divides_nothing() -> None:
    ops = JaxOps("f32")
    rule = UpdateRule(Sgd(), Fixed(0.1), clip_norm=1.0)
    norm = rule.norm([(jnp.zeros(3), 1.0)], ops)
    value, _ = rule.apply(jnp.zeros(3), jnp.ones(3), {}, rate=jnp.float32(0.1), step=jnp.int32(0), ops=ops, norm=norm)
    np.testing.assert_array_equal(value, np.ones(3))


def test_adam_corrects_its_bias_exactly_for_a_million_steps_in_float32() -> None:
    ops = JaxOps("f32")
    steps = np.unique(np.concatenate([np.arange(300), np.geomspace(300, 1e6, 400).astype(np.int64), [999_999]]))
    for beta1, beta2 in [(0.9, 0.999), (0.5, 0.95), (0.99, 0.99999)]:
        kind = Adam(beta1, beta2, 1e-8)
        slots = {"mean": jnp.float32(0.25), "square": jnp.float32(0.5)}
        change = jax.vmap(lambda step, kind=kind, slots=slots: kind.update(
            jnp.float32(0.75), jnp.float32(0), slots, jnp.float32(1), step, ops)[0])(jnp.asarray(steps, jnp.int32))  # fmt: skip
        t = steps.astype(np.float64) + 1
        m, v = beta1 * 0.25 + (1 - beta1) * 0.75, beta2 * 0.5 + (1 - beta2) * 0.75**2
        wanted = -m / -np.expm1(t * np.log(beta1)) / (np.sqrt(v / -np.expm1(t * np.log(beta2))) + 1e-8)
        np.testing.assert_allclose(change, wanted, rtol=1e-6)


def test_nesterov_without_momentum_is_a_fault_of_its_attribute() -> None:
    with pytest.raises(AttributeFault) as raised:
        Sgd(nesterov=True)
    assert raised.value.attribute == "nesterov"
    assert raised.value.hint


def test_plain_sgd_keeps_no_slots() -> None:
    assert Sgd().slot_names() == ()
    assert Sgd(momentum=0.5).slot_names() == ("velocity",)


def test_sgd_with_a_constant_rate_walks_as_singa_does() -> None:
    with jax.enable_x64(True):
        for nesterov in (False, True):
            ops = JaxOps("f64")
            value, slots = jnp.ones(3), {"velocity": jnp.zeros(3)}
            singa, h = np.ones(3), np.zeros(3)
            for step in range(10):
                g = np.sin(np.arange(3) + step)
                value, slots = Sgd(0.9, nesterov).update(g, value, slots, jnp.asarray(0.1), jnp.int32(step), ops)
                if nesterov:
                    before, h = h, 0.9 * h + 0.1 * g
                    singa = singa - (1.9 * h - 0.9 * before)
                else:
                    h = 0.9 * h - 0.1 * g
                    singa = singa + h
            np.testing.assert_allclose(value, singa, rtol=1e-12)
