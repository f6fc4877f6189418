"""What the operations promise besides their formulas: precision, safe logarithms, and random numbers that do not move."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from singalang_compiler.library.context import Context, Ops
from singalang_compiler.library.ops_jax.context import LayerContext
from singalang_compiler.library.ops_jax.ops import JaxOps
from singalang_compiler.library.ops_jax.random import key_of, uniform_per_record

KEY = jax.random.key(7)


def test_jax_ops_are_the_ops_that_kinds_are_given() -> None:
    ops: Ops = JaxOps()
    context: Context = LayerContext(JaxOps(), jnp.ones(3))
    assert ops.np is jnp
    assert context.ops.np is jnp


@pytest.mark.parametrize("precision", ["f32", "f64"])
def test_everything_is_made_in_the_precision_of_the_job(precision: str) -> None:
    with jax.enable_x64(precision == "f64"):
        ops = JaxOps(precision)  # type: ignore[arg-type]
        wanted = np.dtype({"f32": np.float32, "f64": np.float64}[precision])
        assert ops.normal(KEY, (3,)).dtype == wanted
        assert ops.uniform(KEY, (3,)).dtype == wanted
        assert ops.cast(np.arange(3, dtype=np.uint8)).dtype == wanted
        assert uniform_per_record(KEY, 2, 0, (3,), ops.dtype).dtype == wanted


def test_the_logarithm_of_softmax_takes_scores_of_any_size() -> None:
    scores = jnp.array([[1e4, 0.0, -1e4], [-1e30, 0.0, 0.0]])
    value, slope = jax.value_and_grad(lambda x: JaxOps().log_softmax(x).sum())(scores)
    assert np.isfinite(value)
    assert np.isfinite(slope).all()
    np.testing.assert_allclose(JaxOps().log_softmax(scores)[1, 1:], -np.log(2), rtol=1e-6)


def test_value_and_grad_passes_on_what_comes_besides() -> None:
    (value, beside), slope = JaxOps().value_and_grad(lambda x: (x * x, "beside"))(jnp.float32(3))
    assert (value, beside, slope) == (9, "beside", 6)


def test_no_gradient_flows_through_stop_gradient() -> None:
    assert jax.grad(lambda x: x * JaxOps().stop_gradient(x))(2.0) == 2


def test_a_record_draws_the_same_numbers_in_any_piece_of_the_batch() -> None:
    whole = uniform_per_record(KEY, 8, 0, (3, 5), jnp.float32)
    pieces = [uniform_per_record(KEY, 3, 0, (3, 5), jnp.float32), uniform_per_record(KEY, 5, 3, (3, 5), jnp.float32)]
    assert (jnp.concatenate(pieces) == whole).all()
    assert len(np.unique(whole)) == whole.size, "no two records draw the same"
    assert (uniform_per_record(KEY, 1, jnp.int32(6), (3, 5), jnp.float32)[0] == whole[6]).all()


def test_drawn_numbers_are_even() -> None:
    drawn = np.asarray(uniform_per_record(KEY, 200, 0, (500,), jnp.float32))
    assert drawn.min() >= 0 and drawn.max() < 1
    counts = np.histogram(drawn, 20, (0, 1))[0]
    assert np.abs(counts - 5000).max() < 5 * np.sqrt(5000)


def test_names_have_keys_of_their_own() -> None:
    data = [tuple(np.asarray(jax.random.key_data(key_of(KEY, name)))) for name in ("a", "b", "fc1.mask", "fc2.mask")]
    assert len(set(data)) == 4
    context = LayerContext(JaxOps(), jnp.ones(2), key=KEY)
    assert not (context.uniform("a", (4,)) == context.uniform("b", (4,))).any()
    assert (context.uniform("a", (4,)) == context.uniform("a", (4,))).all()
    assert (LayerContext(JaxOps(), jnp.ones(1), key=KEY, first=1).uniform("a", (4,))[0] == context.uniform("a", (4,))[1]).all()


def test_a_context_keeps_what_a_layer_puts_and_reports() -> None:
    context = LayerContext(JaxOps(), jnp.ones(2), state={"mean": jnp.zeros(3)})
    context.put("mean", jnp.ones(3))
    context.metric("accuracy", jnp.ones(2))
    assert list(context.new_state) == ["mean"]
    assert list(context.metrics) == ["accuracy"]
    with pytest.raises(AssertionError, match="no state is called variance"):
        context.put("variance", jnp.ones(3))
    with pytest.raises(AssertionError, match="draws no random numbers"):
        context.uniform("mask", (3,))
