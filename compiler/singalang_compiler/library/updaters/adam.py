"""The updater kind `adam`: steps scaled by running means of the gradient and of its square."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Updater
from singalang_compiler.library.kinds import updater


@updater("adam")
class Adam(Updater):
    """Adam, with bias correction. For update number t, counted from 1:

        m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2
        w <- w - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)

    Weight decay is part of g, as for every updater here (and as in PyTorch's `Adam`). SINGA v0.3 (reference 7, kAdam)
    corrects no bias and has epsilon inside the root.
    Source: Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015, algorithm 1.
    """

    slots = ("mean", "square")

    beta1: Annotated[float, "0 <= x < 1"] = 0.9  # share of the gradient's running mean that a step keeps
    beta2: Annotated[float, "0 <= x < 1"] = 0.999  # share of the running mean of its square that a step keeps
    epsilon: Annotated[float, "x > 0"] = 1e-8  # keeps the divisor away from 0

    def update(
        self, gradient: Array, value: Array, slots: Mapping[str, Array], rate: Array, step: Array, ops: Ops
    ) -> tuple[Array, dict[str, Array]]:
        mean = self.beta1 * slots["mean"] + (1 - self.beta1) * gradient
        square = self.beta2 * slots["square"] + (1 - self.beta2) * gradient * gradient
        count = ops.cast(step) + 1
        root = ops.np.sqrt(_learnt(self.beta2, count, ops))
        # Both sides of the division are multiplied by the root, so that the corrections are single numbers, not arrays.
        scaled = rate * (root / _learnt(self.beta1, count, ops))
        return value - scaled * mean / (ops.np.sqrt(square) + self.epsilon * root), {"mean": mean, "square": square}


def _learnt(beta: float, count: Array, ops: Ops) -> Array:
    """1 - beta^count, in a form that stays exact where beta is nearly 1 and where count is large."""
    if beta == 0:
        return ops.np.ones_like(count)
    return -ops.np.expm1(count * math.log(beta))
