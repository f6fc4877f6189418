"""Properties of single layer kinds that no formula of one call can show."""

from __future__ import annotations

from dataclasses import replace

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
from singalang_compiler.library.ops_jax.context import LayerContext
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
