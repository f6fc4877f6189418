"""A culprit in words: what happened where, and what may help. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from singalang_runtime.culprit.records import Culprit

LARGE = 1e15
"""Inputs above this are near the end of 32 bits' range, in products and squares at least."""
_LOWER = "lower the learning rate, or set `clip_norm`"


def short(culprit: Culprit) -> str:
    """Who it was, as the end of a title."""
    match culprit.cause:
        case "data":
            return f"the data's field `{culprit.name}` was the first"
        case "parameter":
            return f"parameter `{culprit.name}` of layer {_layer(culprit)} was the first"
        case "layer":
            return f"layer {_layer(culprit)} was the first"
        case "gradient":
            return f"the gradient of `{culprit.name}` in layer {_layer(culprit)} was the first"


def long(culprit: Culprit) -> str:
    """What happened in which step, and with which numbers."""
    numbers = f"{culprit.bad:,} {'number' if culprit.bad == 1 else 'numbers'}"
    are = "is" if culprit.bad == 1 else "are"
    match culprit.cause:
        case "data":
            return f"step {culprit.step}: {numbers} of `{culprit.name}` in its batch {are} not finite"
        case "parameter":
            gradient = "" if culprit.gradient is None else f", its gradient's largest number {culprit.gradient:.3g}"
            return (
                f"step {culprit.step}: after its update {numbers} of `{culprit.name}` {are} not finite; {_rate(culprit)}{gradient}"
            )
        case "layer":
            read = ", ".join(f"`{name}` (from {least:.3g} to {greatest:.3g})" for name, least, greatest in culprit.inputs)
            return f"step {culprit.step}: {numbers} of `{culprit.name}` {are} not finite; it reads {read}; {_rate(culprit)}"
        case "gradient":
            through = _named(culprit.between)
            came = f", which came back through {through}" if through else ""
            return (
                f"step {culprit.step}: all layers gave finite numbers, and {numbers} of the gradient of `{culprit.name}`{came}, "
                f"{are} not; {_rate(culprit)}"
            )


def advice(culprit: Culprit) -> str:
    """What may help."""
    match culprit.cause:
        case "data":
            return "look at the records of that batch, and at `mean` and `std` of the field"
        case "parameter":
            return _LOWER
        case "layer" if any(max(-least, greatest) > LARGE for _, least, greatest in culprit.inputs):
            return f"numbers have become too large to go on with: {_LOWER}"
        case "layer":
            return (
                f"what `{culprit.kind}` computes has no finite value there, as the logarithm of 0, the root of a negative number "
                f"or a division by 0 have none; if training brought the numbers there, {_LOWER}"
            )
        case "gradient":
            return "a root, a logarithm or a norm has an infinite slope at 0: keep it away from there by a small constant"


def _layer(culprit: Culprit) -> str:
    return f"`{culprit.layer}` ({culprit.kind})"


def _rate(culprit: Culprit) -> str:
    return "the learning rate is not finite" if culprit.rate is None else f"learning rate {culprit.rate:.3g}"


def _named(names: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)
