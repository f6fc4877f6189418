"""What a server does in kernels: the update of its slice, and the square sum by which gradients are clipped. Knows no net and no
message.

The same kernels serve all servers of a group: arrays are as long as the longest slice, and 0 behind a shorter one. Zeros stay zeros
whatever the updater, so they count nowhere. Scales of parameters are arrays that each server has for its own slice, and only where
some scale is not 1. Updaters that want to see whole parameters have but one server, and its segments are part of the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod

import jax.numpy as jnp
from msgspec import structs

from singalang_compiler.library.context import Array
from singalang_compiler.library.tensors import Shape
from singalang_compiler.library.update_rule import Scale
from singalang_compiler.liveness import GRADIENT, SQUARES
from singalang_compiler.lower import arguments
from singalang_compiler.lower.blaming import checked
from singalang_compiler.lower.exporting import Groups, Kernels, Signature
from singalang_compiler.lower.group.temporaries import operations_of, temporary_bytes
from singalang_compiler.lower.outline.working import work_of
from singalang_compiler.lower.section import Section
from singalang_compiler.plan import Argument
from singalang_compiler.plan_group import CallRecord, SliceSegment, StoredRecord
from singalang_compiler.work import Price

VALUE, SLOT, LR_SCALE, WD_SCALE = "value", "slots/", "lr_scale", "wd_scale"
"""Names of a server's arrays, besides `gradient` and `squares`; slots are `slots/<slot>`."""


@dataclass(frozen=True)
class Slice:
    """The arrays of every server of a section: `size` elements each. `segments` are those of the one server of an updater that
    wants whole parameters; for all others there are none."""

    section: Section
    size: int
    segments: tuple[SliceSegment, ...] = ()

    @staticmethod
    def of(section: Section, size: int, slices: Sequence[tuple[SliceSegment, ...]]) -> Slice:
        """What servers with these slices have."""
        if section.rule.updater.elementwise:
            return Slice(section, size)
        segments, *others = [one for one in slices if one]
        assert not others, "an updater that wants whole parameters has one server"
        whole = {(one.parameter, None, 0, prod(section.uses[one.parameter].shape)) for one in segments}
        assert {(one.parameter, one.position, one.offset, one.size) for one in segments} == whole, "parameters are whole"
        return Slice(section, size, segments)

    @property
    def scales(self) -> tuple[str, ...]:
        """Those of `lr_scale` and `wd_scale` that are arrays."""
        rule, uses = self.section.rule, self.section.uses
        if self.segments:
            return ()
        lr = any(uses[name].lr_scale != 1 for name in self.section.trained)
        wd = rule.weight_decay != 0 and any(uses[name].wd_scale != 1 for name in self.section.trained)
        moves_zeros = rule.clip is not None and not rule.clip[0] <= 0 <= rule.clip[1]  # then a rate of 0 is what keeps them
        return (*((LR_SCALE,) if lr or moves_zeros else ()), *((WD_SCALE,) if wd else ()))

    def argument(self, name: str, donated: bool = False) -> Argument:
        """One of its arrays."""
        return Argument(name=name, dtype=self.section.dtype, shape=(self.size,), donated=donated)


def with_scales(stored: StoredRecord, section: Section) -> StoredRecord:
    """The record of a parameter with the scales that it has in this section."""
    use = section.uses[stored.name]
    return structs.replace(stored, lr_scale=use.lr_scale, wd_scale=use.wd_scale)


def server_calls(of: Slice, kernels: Kernels, price: Price) -> dict[str, CallRecord]:
    """Makes the kernels of the servers: `update`, and `square_sum` where gradients are clipped by norm."""
    slots = of.section.rule.slot_names()
    kept = (VALUE, *(SLOT + slot for slot in slots))
    flops = of.size * (2 + 2 * len(slots))
    calls = {"update": _call("update", of.section, update_signature(of), partial(update, of), kept, flops, kernels, price)}
    if of.section.rule.clip_norm is not None:
        signature, flops = square_sum_signature(of), 2 * of.size
        calls["square_sum"] = _call("square_sum", of.section, signature, partial(square_sum, of), (SQUARES,), flops, kernels, price)
    return calls


def _call(
    role: str,
    section: Section,
    signature: Signature,
    function: Callable[[Groups], Sequence[Array]],
    outputs: tuple[str, ...],
    flops: int,
    kernels: Kernels,
    price: Price,
) -> CallRecord:
    key = kernels.add(role, signature, function, outputs, flops, section.double)
    jaxpr = operations_of(lambda *arrays: function(signature.split(arrays)), signature.inputs, section.double)
    return CallRecord(
        kernel=key,
        inputs=tuple(argument.name for argument in signature.inputs),
        outputs=outputs,
        flops=flops,
        temporary_bytes=temporary_bytes(jaxpr, [one.donated for one in signature.inputs]),
        compute_s=price.seconds(work_of(jaxpr), section.double),
    )


def update_signature(of: Slice) -> Signature:
    """The arguments of `update`: the slice's values, its slots, the gradients that were added, the number of updates done, the
    square sum of all servers' gradients where they are clipped by norm, and scales."""
    rule = of.section.rule
    squares = (Argument(name=SQUARES, dtype=of.section.dtype, shape=()),)
    return Signature(
        {
            "value": (of.argument(VALUE, donated=True),),
            "slots": tuple(of.argument(SLOT + slot, donated=True) for slot in rule.slot_names()),
            "gradient": (of.argument(GRADIENT),),
            "step": arguments.step(),
            "squares": squares if rule.clip_norm is not None else (),
            "scales": tuple(of.argument(name) for name in of.scales),
        }
    )


def update(of: Slice, groups: Groups) -> tuple[Array, ...]:
    """The new values, and the new slots in order: every donated argument comes back."""
    rule, ops, (step,) = of.section.rule, of.section.ops, groups["step"]
    uses = of.section.train.updater
    rate = checked(uses.rate.kind, "the rate", rule.schedule.rate(step, ops), (), uses.span)
    norm = ops.np.sqrt(groups["squares"][0]) if rule.clip_norm is not None else None
    made = []
    for part in _parts(of, dict(zip(of.scales, groups["scales"], strict=True))):
        gradient, value = part.of(groups["gradient"][0]), part.of(groups["value"][0])
        slots = {slot: part.of(array) for slot, array in zip(rule.slot_names(), groups["slots"], strict=True)}
        new, kept = rule.apply(
            gradient,
            value,
            slots,
            rate=rate,
            step=step,
            ops=ops,
            norm=norm,
            lr_scale=part.lr_scale,
            wd_scale=part.wd_scale,
        )
        own = {"the new value": new, **{f"the new `{slot}`": kept.get(slot) for slot in slots}}
        made.append([checked(uses.updater.kind, what, one, value.shape, uses.span).reshape(-1) for what, one in own.items()])
    return tuple(_joined(parts, of.size) for parts in zip(*made, strict=True))


def square_sum_signature(of: Slice) -> Signature:
    """The arguments of `square_sum`: the gradients that were added, and scales, for what does not learn does not count."""
    scales = tuple(of.argument(name) for name in of.scales if name == LR_SCALE)
    return Signature({"gradient": (of.argument(GRADIENT),), "scales": scales})


def square_sum(of: Slice, groups: Groups) -> tuple[Array, ...]:
    """The square sum of a slice's gradients, each clipped by value."""
    scale = groups["scales"][0] if groups["scales"] else 1.0
    return (of.section.rule.square_sum([(groups["gradient"][0], scale)], of.section.ops),)


@dataclass(frozen=True)
class _Part:
    """Elements of a slice that are updated together, in their shape."""

    offset: int
    shape: Shape
    lr_scale: Scale
    wd_scale: Scale

    def of(self, array: Array) -> Array:
        """These elements of an array of the slice."""
        return array[self.offset : self.offset + prod(self.shape)].reshape(self.shape)


def _parts(of: Slice, scales: dict[str, Array]) -> list[_Part]:
    """All of the slice at once, or its parameters one by one."""
    if of.section.rule.updater.elementwise:
        return [_Part(0, (of.size,), scales.get(LR_SCALE, 1.0), scales.get(WD_SCALE, 1.0))]
    offset, found = 0, []
    for segment in of.segments:
        use = of.section.uses[segment.parameter]
        found.append(_Part(offset, use.shape, use.lr_scale, use.wd_scale))
        offset += segment.size
    return found


def _joined(parts: Sequence[Array], size: int) -> Array:
    """One after the other, then zeros."""
    rest = size - sum(part.size for part in parts)
    return parts[0] if len(parts) == 1 and not rest else jnp.concatenate([*parts, jnp.zeros(rest, parts[0].dtype)])
