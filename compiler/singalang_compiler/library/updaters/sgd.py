"""The updater kind `sgd`: stochastic gradient descent, with momentum and Nesterov's form of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import AttributeFault, Updater
from singalang_compiler.library.kinds import updater


@updater("sgd")
class Sgd(Updater):
    """Stochastic gradient descent, with momentum mu: v <- mu v + g; w <- w - lr v. Without momentum w <- w - lr g.

    With `nesterov` the step looks ahead: w <- w - lr (g + mu v), with the new v.

    The velocity v holds gradients, not steps, as in PyTorch and Optax: a change of the rate acts at once on all of it.
    SINGA v0.3 (reference 7, kSGD and kNesterov) holds lr times this, so with a constant rate the two are equal, and
    where a schedule lowers the rate SINGA goes on for a while with steps of the old size.
    Source: Sutskever et al., On the importance of initialization and momentum in deep learning, 2013.
    """

    slots = ("velocity",)

    momentum: Annotated[float, "0 <= x < 1"] = 0.0  # how much of the velocity is kept from step to step
    nesterov: bool = False  # take the gradient as if the velocity had already been followed

    def __post_init__(self) -> None:
        if self.nesterov and self.momentum == 0:
            raise AttributeFault(
                "`nesterov` looks ahead along the momentum, and there is none",
                attribute="nesterov",
                hint="add `momentum = 0.9`, or leave `nesterov` out",
            )

    def slot_names(self) -> tuple[str, ...]:
        return self.slots if self.momentum else ()

    def update(
        self, gradient: Array, value: Array, slots: Mapping[str, Array], rate: Array, step: Array, ops: Ops
    ) -> tuple[Array, dict[str, Array]]:
        if not self.momentum:
            return value - rate * gradient, {}
        velocity = self.momentum * slots["velocity"] + gradient
        direction = gradient + self.momentum * velocity if self.nesterov else velocity
        return value - rate * direction, {"velocity": velocity}
