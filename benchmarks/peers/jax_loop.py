"""Training loops in plain JAX as one writes them by hand: one jitted, donating step over batches; the loss is read seldom."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Parameters = list[dict[str, Any]]
Batch = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def softmax_loss(logits: Any, labels: Any) -> tuple[Any, Any]:
    """Mean loss and accuracy of a batch."""
    scores = jax.nn.log_softmax(logits)
    loss = -jnp.take_along_axis(scores, labels[:, None], axis=1).mean()
    return loss, (jnp.argmax(logits, axis=1) == labels).mean()


class Loop:
    """A training loop: `forward` gives logits; `update` maps (parameters, velocities, gradients, step) to new ones."""

    def __init__(
        self,
        parameters: Parameters,
        forward: Callable[[Parameters, Any], Any],
        update: Callable[[Parameters, Parameters, Parameters, Any], tuple[Parameters, Parameters]],
        momentum: bool,
    ) -> None:
        self.parameters = parameters
        self.velocities: Parameters = jax.tree.map(jnp.zeros_like, parameters) if momentum else []
        self.step = 0

        def one(parameters: Parameters, velocities: Parameters, step: Any, images: Any, labels: Any) -> tuple[Any, Any, Any, Any]:
            def objective(parameters: Parameters) -> tuple[Any, Any]:
                return softmax_loss(forward(parameters, images), labels)

            (loss, accuracy), gradients = jax.value_and_grad(objective, has_aux=True)(parameters)
            parameters, velocities = update(parameters, velocities, gradients, step)
            return parameters, velocities, loss, accuracy

        self._one = jax.jit(one, donate_argnums=(0, 1))

    def run(self, batches: list[Batch], steps: int) -> float:
        """Trains for some steps over the batches, round and round; reads the loss once, at the end."""
        loss = 0.0
        for _ in range(steps):
            images, labels = batches[self.step % len(batches)]
            self.parameters, self.velocities, loss, _ = self._one(
                self.parameters, self.velocities, np.int32(self.step), images, labels
            )
            self.step += 1
        return float(loss)


def mnist_mlp(seed: int = 0) -> Loop:
    """SINGA's MNIST perceptron: 784-2500-2000-1500-1000-500-10, scaled tanh, plain SGD with a falling rate."""
    widths = [784, 2500, 2000, 1500, 1000, 500, 10]
    random = np.random.default_rng(seed)
    parameters = [
        {
            "w": jnp.asarray(random.uniform(-0.05, 0.05, (a, b)), jnp.float32),
            "b": jnp.asarray(random.uniform(-0.05, 0.05, b), jnp.float32),
        }
        for a, b in pairwise(widths)
    ]

    def forward(parameters: Parameters, images: Any) -> Any:
        x = (images.astype(jnp.float32) - 127.5) / 127.5
        for layer in parameters[:-1]:
            x = 1.7159047 * jnp.tanh(0.66666667 * (x @ layer["w"] + layer["b"]))
        return x @ parameters[-1]["w"] + parameters[-1]["b"]

    def update(parameters: Parameters, velocities: Parameters, gradients: Parameters, step: Any) -> tuple[Parameters, Parameters]:
        rate = 0.001 * 0.997 ** (step // 60)
        return jax.tree.map(lambda w, g: w - rate * g, parameters, gradients), velocities

    return Loop(parameters, forward, update, momentum=False)


def _pool(x: Any, start: float, operation: Any) -> Any:
    return lax.reduce_window(x, start, operation, (1, 3, 3, 1), (1, 2, 2, 1), "VALID")


def _lrn(x: Any) -> Any:
    squares = lax.reduce_window(x * x, 0.0, lax.add, (1, 1, 1, 3), (1, 1, 1, 1), ((0, 0), (0, 0), (0, 0), (1, 1)))
    return x * (1.0 + 5e-5 / 3 * squares) ** -0.75


def _conv(x: Any, layer: dict[str, Any]) -> Any:
    y = lax.conv_general_dilated(x, layer["w"], (1, 1), ((2, 2), (2, 2)), dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return y + layer["b"]


def cifar_convnet(seed: int = 0) -> Loop:
    """SINGA's CIFAR-10 convnet, channels last: SGD with momentum, weight decay and rates of its own for biases."""
    random = np.random.default_rng(seed)

    def normal(std: float, *shape: int) -> Any:
        return jnp.asarray(random.normal(0, std, shape), jnp.float32)

    parameters = [
        {"w": normal(1e-4, 5, 5, 3, 32), "b": jnp.zeros(32)},
        {"w": normal(1e-2, 5, 5, 32, 32), "b": jnp.zeros(32)},
        {"w": normal(1e-2, 5, 5, 32, 64), "b": jnp.zeros(64)},
        {"w": normal(1e-2, 576, 10), "b": jnp.zeros(10)},
    ]
    rates: Parameters = [{"w": 1.0, "b": 2.0}, {"w": 1.0, "b": 2.0}, {"w": 1.0, "b": 1.0}, {"w": 1.0, "b": 2.0}]
    decays: Parameters = [{"w": 1.0, "b": 1.0}, {"w": 1.0, "b": 1.0}, {"w": 1.0, "b": 1.0}, {"w": 250.0, "b": 0.0}]

    def forward(parameters: Parameters, images: Any) -> Any:
        x = jnp.transpose(images.astype(jnp.float32) - 120.0, (0, 2, 3, 1))
        x = _lrn(jax.nn.relu(_pool(_conv(x, parameters[0]), -jnp.inf, lax.max)))
        x = _lrn(_pool(jax.nn.relu(_conv(x, parameters[1])), 0.0, lax.add) / 9)
        x = _pool(jax.nn.relu(_conv(x, parameters[2])), 0.0, lax.add) / 9
        return x.reshape(x.shape[0], -1) @ parameters[3]["w"] + parameters[3]["b"]

    def update(parameters: Parameters, velocities: Parameters, gradients: Parameters, step: Any) -> tuple[Parameters, Parameters]:
        rate = jnp.where(step < 60_000, 1e-3, jnp.where(step < 65_000, 1e-4, 1e-5))
        velocities = jax.tree.map(lambda v, g, w, d: 0.9 * v + g + 0.004 * d * w, velocities, gradients, parameters, decays)
        return jax.tree.map(lambda w, v, r: w - rate * r * v, parameters, velocities, rates), velocities

    return Loop(parameters, forward, update, momentum=True)
