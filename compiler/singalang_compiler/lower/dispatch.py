"""How steps are handed to the device: one by one, or several in one kernel. The choice and its reason, from what is predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from singalang_compiler.cost import is_image_layer
from singalang_compiler.machine import Machine
from singalang_compiler.plan import Dispatch
from singalang_compiler.shaped import ShapedNode

TOGETHER = 10
"""Steps in one kernel where steps are tiny; ten get nearly all of the gain."""
_TINY_DISPATCHES = 4  # a step is tiny when it computes no longer than so many dispatches take

Reason = Literal["convolutions-on-cpu", "tiny-steps", "large-steps", "group-steps"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A dispatch, and why it was chosen."""

    dispatch: Dispatch
    reason: Reason


IN_A_GROUP = Chosen(Dispatch(mode="loop", count=1, reason="the workers of a group meet in every step"), "group-steps")
"""The dispatch of a section that several roles do together."""


def choose(nodes: Sequence[ShapedNode], compute_s: float, steps: int | None, platforms: Sequence[str], machine: Machine) -> Chosen:
    """The dispatch of a section whose step computes for `compute_s`; `steps` is their number, where it is known."""
    tiny = compute_s <= _TINY_DISPATCHES * machine.dispatch_s and (steps is None or steps >= TOGETHER)
    if "cpu" in platforms and any(is_image_layer(node) for node in nodes):
        text = "layers on images run many times slower inside a loop of one kernel on a CPU"
        return Chosen(Dispatch(mode="loop", count=1, reason=text), "convolutions-on-cpu")
    ratio = compute_s / machine.dispatch_s
    if not tiny:
        text = f"a step takes {ratio:.0f} times as long as a call" if ratio >= 1 else "there are few steps"
        return Chosen(Dispatch(mode="loop", count=1, reason=text), "large-steps")
    text = f"a step takes only {ratio:.2g} times as long as a call"
    return Chosen(Dispatch(mode="scan", count=TOGETHER, reason=text), "tiny-steps")
