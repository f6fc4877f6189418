"""What happens to a gradient before its updater sees it, the same for every updater kind: clipping, weight decay, scales.

The order, for one update:

1. clip by value: each element of the gradient is brought into [low, high];
2. clip by norm: if the norm of all clipped gradients together is above `clip_norm`, all are scaled down to it;
3. weight decay: `weight_decay * wd_scale * value` is added (L2, coupled, for every updater);
4. the updater, with the rate of the schedule times `lr_scale`.

Steps 1, 3 and 4 are SINGA v0.3's (reference 7), with two differences: SINGA clips the raw sum of the shares of all workers
and users of a parameter before it divides by their number, and it lets three updaters ignore the clip; here the gradient
is that of the batch's mean objective, and clipping is the same for all. Step 2 stands where PyTorch's `clip_grad_norm_`
stands: after the backward pass and before weight decay, which the optimizer adds. Clipping acts on what the data say.

Pure functions of arrays. Knows no job, no plan and no layout: a caller may hand in a parameter, several parameters flattened
into one buffer (then scales may be arrays, one number for each element), or a slice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Schedule, Updater
from singalang_compiler.library.kinds import Configured

Scale: TypeAlias = float | Array
"""A factor for a whole buffer (a Python float), or one for each of its elements (an array of its shape)."""


class Settings(Protocol):
    """What a program says in its updater section: `job.UpdaterUse` is one."""

    @property
    def updater(self) -> Configured:
        """The updater kind."""

    @property
    def rate(self) -> Configured:
        """The schedule kind."""

    @property
    def weight_decay(self) -> float:
        """Factor of the L2 term."""

    @property
    def clip(self) -> tuple[float, float] | None:
        """Least and greatest value of an element of the gradient."""

    @property
    def clip_norm(self) -> float | None:
        """Greatest norm of all gradients together."""


@dataclass(frozen=True, slots=True)
class UpdateRule:
    """An updater with all that surrounds it."""

    updater: Updater
    schedule: Schedule
    weight_decay: float = 0.0
    clip: tuple[float, float] | None = None
    clip_norm: float | None = None

    @staticmethod
    def of(settings: Settings) -> UpdateRule:
        """The rule that a program's updater section means."""
        return UpdateRule(
            settings.updater.instance(), settings.rate.instance(), settings.weight_decay, settings.clip, settings.clip_norm
        )

    def slot_names(self) -> tuple[str, ...]:
        """Names of the numbers kept for each element of a parameter, all starting at 0."""
        return self.updater.slot_names()

    def norm(self, gradients: Iterable[tuple[Array, Scale]], ops: Ops) -> Array | None:
        """The norm that `apply` needs of all gradients of a net together; None where the rule does not clip by norm.

        Each gradient comes with its `lr_scale`: elements that do not learn (scale 0) do not count.
        """
        return None if self.clip_norm is None else ops.np.sqrt(self.square_sum(gradients, ops))

    def square_sum(self, gradients: Iterable[tuple[Array, Scale]], ops: Ops) -> Array:
        """The square of the norm, which may be added up over parts of a net."""
        learning = [_learning(self._clipped(gradient, ops), scale, ops) for gradient, scale in gradients]
        squares = [ops.np.sum(ops.np.square(gradient)) for gradient in learning]
        return sum(squares[1:], squares[0]) if squares else ops.cast(ops.np.zeros(()))

    def apply(
        self,
        gradient: Array,
        value: Array,
        slots: Mapping[str, Array],
        *,
        rate: Array,
        step: Array,
        ops: Ops,
        norm: Array | None = None,
        lr_scale: Scale = 1.0,
        wd_scale: Scale = 1.0,
    ) -> tuple[Array, dict[str, Array]]:
        """New value and new slots of one buffer.

        `rate` is the schedule's rate at `step`, the number of updates done before this one; `norm` is what `norm` gave.
        """
        gradient = self._clipped(gradient, ops)
        if self.clip_norm is not None:
            assert norm is not None, "a rule that clips by norm needs the norm"
            gradient = gradient * (self.clip_norm / ops.np.maximum(norm, self.clip_norm))
        decay = self.weight_decay * wd_scale
        if not _is(decay, 0.0):
            gradient = gradient + decay * value
        scaled = rate if _is(lr_scale, 1.0) else rate * lr_scale
        return self.updater.update(gradient, value, slots, scaled, step, ops)

    def _clipped(self, gradient: Array, ops: Ops) -> Array:
        return gradient if self.clip is None else ops.np.clip(gradient, *self.clip)


def _learning(gradient: Array, scale: Scale, ops: Ops) -> Array:
    if isinstance(scale, int | float):
        return gradient if scale else ops.np.zeros_like(gradient)
    return ops.np.where(scale != 0, gradient, 0)


def _is(scale: Scale, number: float) -> bool:
    """Whether a factor is this number for the whole buffer, as is known before any array is."""
    return isinstance(scale, int | float) and scale == number
