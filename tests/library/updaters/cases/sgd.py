from __future__ import annotations

from typing import Any

import optax

from singalang_compiler.library.updaters.sgd import Sgd
from tests.library.updaters.problem import Arrays, Case


def plain(g: Any, w: Any, slots: Arrays, rate: float, step: int) -> tuple[Any, Arrays]:
    return w - rate * g, slots


def heavy_ball(g: Any, w: Any, slots: Arrays, rate: float, step: int) -> tuple[Any, Arrays]:
    v = 0.9 * slots["velocity"] + g
    return w - rate * v, {"velocity": v}


def nesterov(g: Any, w: Any, slots: Arrays, rate: float, step: int) -> tuple[Any, Arrays]:
    v = 0.8 * slots["velocity"] + g
    return w - rate * (g + 0.8 * v), {"velocity": v}


def _torch(**attributes: Any) -> Any:
    def make(groups: Any) -> Any:
        import torch

        return torch.optim.SGD(groups, **attributes)

    return make


CASES = {
    "plain": Case(Sgd(), plain, optax.sgd, _torch()),
    "momentum": Case(Sgd(momentum=0.9), heavy_ball, lambda rate: optax.sgd(rate, momentum=0.9), _torch(momentum=0.9)),
    "nesterov": Case(
        Sgd(momentum=0.8, nesterov=True),
        nesterov,
        lambda rate: optax.sgd(rate, momentum=0.8, nesterov=True),
        _torch(momentum=0.8, nesterov=True),
    ),
}
