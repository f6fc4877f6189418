"""Properties of single layer kinds that no formula of one call can show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from singalang_compiler.library.layers.batchnorm import BatchNorm
from singalang_compiler.library.layers.conv import Conv
from singalang_compiler.library.layers.dropout import Dropout
from singalang_compiler.library.layers.maxpool import MaxPool
from singalang_compiler.library.layers.relu import Relu
from singalang_compiler.library.layers.sigmoid import Sigmoid
from singalang_compiler.library.layers.softmax_loss import SoftmaxLoss
from singalang_compiler.library.ops_jax.context import FeaturePiece, LayerContext
from singalang_compiler.library.ops_jax.ops import JaxOps
from tests.library.layers.case import Case, numbers
from tests.library.layers.run import call_of, evaluated, forms

OPS = JaxOps()
ONES = jnp.ones(4)


def test_records_that_fill_a_batch_up_do_not_touch_batch_statistics() -> None:
    case = Case("filled up", (numbers(2, 3, 3),), batch=4, weights=(1, 1, 0, 0))
    call = call_of("batchnorm", case)
    x = call.inputs[0].copy()
    x[2:] = 1e6
    others = replace(call, inputs=(x,))
    np.testing.assert_allclose(evaluated(call)[:2], evaluated(others)[:2], rtol=1e-12)
    alone = replace(call, inputs=(call.inputs[0][:2],), weights=np.ones(2))
    np.testing.assert_allclose(evaluated(call)[:2], evaluated(alone), rtol=1e-12)


def test_a_batch_of_no_weight_leaves_the_running_statistics() -> None:
    state = {"mean": jnp.full(3, 0.5), "var": jnp.full(3, 2.0)}
    context = LayerContext(OPS, jnp.zeros(2), {}, state, training=True)
    assert np.isfinite(BatchNorm().forward((jnp.ones((2, 3)),), context)).all()
    assert (context.new_state["mean"] == 0.5).all()
    assert (context.new_state["var"] == 2).all()


def test_an_evaluation_changes_no_statistics() -> None:
    context = LayerContext(OPS, jnp.ones(2), {}, {"mean": jnp.zeros(3), "var": jnp.ones(3)})
    BatchNorm().forward((jnp.ones((2, 3)),), context)
    assert context.new_state == {}


def test_all_workers_combine_the_same_statistics_to_the_last_bit() -> None:
    """Whatever rows they have, and so whatever else their kernels hold."""
    random = np.random.default_rng(0)
    statistics = jnp.asarray(np.abs(random.normal(size=(5, 15))), jnp.float32)
    state = {"mean": jnp.zeros(7), "var": jnp.zeros(7)}

    def moved(x: Any) -> Any:
        context = LayerContext(OPS, jnp.ones(x.shape[0]), {}, state, training=True, statistics=statistics)
        return BatchNorm(momentum=0.0).forward((x,), context), context.new_state

    found = [jax.jit(moved)(jnp.asarray(random.normal(size=(rows, 7)), jnp.float32))[1] for rows in (1, 4, 64)]
    for other in found[1:]:
        assert (other["mean"] == found[0]["mean"]).all()
        assert (other["var"] == found[0]["var"]).all()


def test_statistics_are_combined_without_a_difference_of_large_numbers() -> None:
    """A mean a million times as large as the spread, in 32 bits: the mean of the squares has no digit left for the variance."""
    x = np.float32(1e6) + np.random.default_rng(1).integers(-3, 4, (12, 2)).astype(np.float32)
    layer, state = BatchNorm(momentum=0.0), {"mean": jnp.zeros(2), "var": jnp.zeros(2)}
    pieces = [jnp.asarray(x[:4]), jnp.asarray(x[4:])]
    told = jnp.stack([layer.statistic((piece,), LayerContext(OPS, jnp.ones(len(piece)), training=True)) for piece in pieces])
    context = LayerContext(OPS, jnp.ones(4), {}, state, training=True, statistics=told)
    layer.forward((pieces[0],), context)
    np.testing.assert_allclose(context.new_state["var"], x.astype(float).var(axis=0), rtol=0.02)


def test_pieces_of_a_record_leave_out_what_the_whole_does() -> None:
    x, key = jnp.ones((3, 4, 2, 6)), jax.random.key(5)
    whole = Dropout().forward((x,), LayerContext(OPS, jnp.ones(3), training=True, key=key))
    pieces = [
        Dropout().forward(
            (x[..., first : first + 2],),
            LayerContext(OPS, jnp.ones(3), training=True, key=key, piece=FeaturePiece(3, 6, 2, jnp.int32(first))),
        )
        for first in (0, 2, 4)
    ]
    assert (jnp.concatenate(pieces, axis=3) == whole).all()
    assert 0 < (whole == 0).mean() < 1


def test_what_is_drawn_once_for_a_record_is_the_same_in_all_pieces() -> None:
    key = jax.random.key(5)
    whole = LayerContext(OPS, jnp.ones(3), key=key).uniform("one", ())
    piece = LayerContext(OPS, jnp.ones(3), key=key, piece=FeaturePiece(1, 6, 2, 4)).uniform("one", ())
    assert (piece == whole).all()


def test_a_bias_may_be_added_after_the_pool() -> None:
    """To the last bit: the largest of sums with one number is the sum with the largest."""
    assert Conv.late_parameter == "bias"
    assert MaxPool.keeps_shift
    x, weight = jax.random.normal(jax.random.key(0), (4, 9, 9, 3)), jax.random.normal(jax.random.key(1), (5, 3, 3, 3))
    bias = jax.random.normal(jax.random.key(2), (5,))
    conv, pool = Conv(5, 3, pad=1), MaxPool(3, stride=2, pad=1)
    whole = pool.forward((conv.forward((x,), LayerContext(OPS, ONES, {"weight": weight, "bias": bias})),), LayerContext(OPS, ONES))
    late = pool.forward((conv.forward((x,), LayerContext(OPS, ONES, {"weight": weight})),), LayerContext(OPS, ONES)) + bias
    assert (whole == late).all()


def test_dropout_keeps_the_mean_and_leaves_out_its_share() -> None:
    context = LayerContext(OPS, jnp.ones(64), training=True, key=jax.random.key(3))
    made = np.asarray(Dropout(0.25).forward((jnp.ones((64, 1000)),), context))
    assert set(np.unique(made)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((made == 0).mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / made.size)


def test_what_is_not_a_number_goes_through_relu() -> None:
    assert np.isnan(Relu().forward((jnp.array([[jnp.nan]]),), LayerContext(OPS, ONES))).all()


def test_sigmoid_and_its_gradient_overflow_nowhere() -> None:
    x = jnp.array([-1e4, -100.0, 0.0, 100.0, 1e4])
    value, slope = jax.vmap(jax.value_and_grad(lambda x: Sigmoid().forward((x,), LayerContext(OPS, ONES))))(x)
    np.testing.assert_allclose(value, [0, 0, 0.5, 1, 1], atol=1e-7)
    np.testing.assert_allclose(slope, [0, 0, 0.25, 0, 0], atol=1e-7)


def test_a_wrong_certainty_costs_much_but_never_infinity() -> None:
    scores, labels = jnp.array([[1e4, 0.0]]), jnp.array([1], jnp.int32)
    context = LayerContext(OPS, jnp.ones(1))
    value, slope = jax.value_and_grad(lambda scores: SoftmaxLoss().forward((scores, labels), context).sum())(scores)
    assert value == 1e4
    assert (slope == jnp.array([[1.0, -1.0]])).all()


def test_a_net_whose_scores_are_not_numbers_finds_nothing() -> None:
    context = LayerContext(OPS, jnp.ones(2))
    SoftmaxLoss().forward((jnp.full((2, 3), jnp.nan), jnp.array([0, 2], jnp.int32)), context)
    assert (context.metrics["accuracy"] == 0).all()


def test_only_pools_convolutions_and_lrn_have_two_forms() -> None:
    assert len(forms(call_of("dense", Case("x", (numbers(3),), {"units": 2})), "f64")) == 1
    assert len(forms(call_of("maxpool", Case("x", (numbers(1, 4, 4),), {"kernel": 2})), "f64")) == 2
    assert len(forms(call_of("lrn", Case("x", (numbers(4, 2, 2),))), "f64")) == 2
    assert len(forms(call_of("conv", Case("x", (numbers(1, 4, 4),), {"filters": 8, "kernel": 3, "pad": 1})), "f64")) == 2
