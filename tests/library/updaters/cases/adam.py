from __future__ import annotations

from typing import Any

import numpy as np
import optax

from singalang_compiler.library.updaters.adam import Adam
from tests.library.updaters.problem import Arrays, Case, Formula


def formula(beta1: float, beta2: float, epsilon: float) -> Formula:
    def adam(g: Any, w: Any, slots: Arrays, rate: float, step: int) -> tuple[Any, Arrays]:
        t = step + 1
        m = beta1 * slots["mean"] + (1 - beta1) * g
        v = beta2 * slots["square"] + (1 - beta2) * g**2
        unbiased_m, unbiased_v = m / (1 - beta1**t), v / (1 - beta2**t)
        return w - rate * unbiased_m / (np.sqrt(unbiased_v) + epsilon), {"mean": m, "square": v}

    return adam


def _case(beta1: float, beta2: float, epsilon: float) -> Case:
    def torch_adam(groups: Any) -> Any:
        import torch

        return torch.optim.Adam(groups, betas=(beta1, beta2), eps=epsilon)

    return Case(
        Adam(beta1, beta2, epsilon),
        formula(beta1, beta2, epsilon),
        lambda rate: optax.adam(rate, beta1, beta2, epsilon),
        torch_adam,
    )


CASES = {"as a rule": _case(0.9, 0.999, 1e-8), "large epsilon": _case(0.8, 0.95, 0.3), "no means": _case(0.0, 0.0, 1e-3)}
