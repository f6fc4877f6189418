"""The initialiser kind `uniform`: draws from an interval."""

from __future__ import annotations

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import AttributeFault, Initialiser
from singalang_compiler.library.kinds import initialiser


@initialiser("uniform")
class Uniform(Initialiser):
    """Draws from an interval, [low, high): low + (high - low) u, with u from [0, 1).

    Source: SINGA v0.3 reference 6, kUniform; its factor `value` is taken into `low` and `high`.
    """

    low: float = -1.0  # the least value
    high: float = 1.0  # the bound above

    def __post_init__(self) -> None:
        check_interval(self.low, self.high)

    def values(self, key: Array, shape: tuple[int, ...], fan_in: int, fan_out: int, ops: Ops) -> Array:
        return self.low + (self.high - self.low) * ops.uniform(key, shape)


def check_interval(low: float, high: float) -> None:
    """Checks that an interval does not end before it begins. Raises AttributeFault."""
    if low > high:
        raise AttributeFault(f"the interval from {low:g} to {high:g} is empty", attribute="low", hint="let `low` be below `high`")
