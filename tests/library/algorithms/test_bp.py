"""The algorithm kind `bp` on a small net whose gradient is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from singalang_compiler.library.algorithms.bp import Bp
from singalang_compiler.library.ops_jax.ops import JaxOps


class Line:
    """A net of one weight and one bias: objective mean((w x + b - y)^2), state: how often it was called."""

    def objective(
        self, parameters: Mapping[str, Any], state: Mapping[str, Any], batch: Mapping[str, Any]
    ) -> tuple[Any, tuple[dict[str, Any], dict[str, Any]]]:
        error = parameters["w"] * batch["x"] + parameters["b"] - batch["y"]
        loss = jnp.mean(error**2)
        return loss, ({"calls": state["calls"] + 1}, {"loss": (jnp.sum(error**2), jnp.float64(error.size))})


X, Y = np.array([1.0, 2.0, -0.5, 3.0]), np.array([0.3, -1.0, 2.0, 0.1])


def test_back_propagation_gives_the_gradient_the_new_state_and_the_metrics() -> None:
    w, b = 0.7, -0.2
    error = w * X + b - Y
    with jax.enable_x64(True):
        values = {"w": jnp.asarray(w), "b": jnp.asarray(b)}
        batch = {"x": jnp.asarray(X), "y": jnp.asarray(Y)}
        gradients, state, metrics = Bp().gradients(Line(), values, {"calls": jnp.asarray(2)}, batch, JaxOps("f64"))
    np.testing.assert_allclose(gradients["w"], (2 * error * X).mean(), rtol=1e-12)
    np.testing.assert_allclose(gradients["b"], (2 * error).mean(), rtol=1e-12)
    assert set(gradients) == {"w", "b"}
    assert int(state["calls"]) == 3
    np.testing.assert_allclose(metrics["loss"][0] / metrics["loss"][1], (error**2).mean(), rtol=1e-12)


def test_back_propagation_is_one_training_that_may_be_cut_anywhere() -> None:
    assert Bp().phases("mlp") == ("mlp",)
    assert Bp().cuts() is None
    assert Bp.needs_loss
