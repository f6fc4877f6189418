"""Twenty updates of three parameters: the same numbers for our rule, the NumPy formula, Optax and PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax

from singalang_compiler.library.contract import Schedule, Updater
from singalang_compiler.library.ops_jax.ops import JaxOps
from singalang_compiler.library.schedules.fixed import Fixed
from singalang_compiler.library.update_rule import UpdateRule

Arrays = dict[str, np.ndarray[Any, Any]]
Formula = Callable[[Any, Any, Arrays, float, int], tuple[Any, Arrays]]
"""(gradient, value, slots, rate, updates done before) -> (value, slots), in float64."""

STEPS = 20


@dataclass(frozen=True)
class Case:
    """An updater with its attributes and the same thing said three other ways. `torch` makes an optimizer of parameter groups."""

    updater: Updater
    formula: Formula
    optax: Callable[[Callable[[Any], Any]], optax.GradientTransformation]
    torch: Callable[[Any], Any]


@dataclass(frozen=True)
class Around:
    """What a program sets around its updater."""

    weight_decay: float = 0.0
    clip: tuple[float, float] | None = None
    clip_norm: float | None = None
    lr_scale: Mapping[str, float] = field(default_factory=lambda: {"a": 1.0, "b": 1.0, "c": 1.0})
    wd_scale: Mapping[str, float] = field(default_factory=lambda: {"a": 1.0, "b": 1.0, "c": 1.0})

    def rule(self, updater: Updater, schedule: Schedule) -> UpdateRule:
        return UpdateRule(updater, schedule, self.weight_decay, self.clip, self.clip_norm)


SCALES = {"a": 1.0, "b": 2.0, "c": 0.5}
AROUND = {
    "nothing": Around(),
    "weight decay": Around(weight_decay=0.05),
    "clip by value": Around(clip=(-0.5, 0.5)),
    "clip by norm": Around(clip_norm=1.5),
    "a norm that is seldom reached": Around(clip_norm=7.0),
    "lr_scale": Around(lr_scale=SCALES),
    "wd_scale": Around(weight_decay=0.05, wd_scale={"a": 1.0, "b": 250.0, "c": 0.0}),
    "all at once": Around(0.05, (-1.0, 1.0), 3.0, SCALES, {"a": 1.0, "b": 3.0, "c": 0.0}),
}

_draw = np.random.default_rng(20)
START: Arrays = {"a": _draw.normal(size=(3, 4)), "b": _draw.normal(size=5), "c": _draw.normal(size=(2, 1, 3))}
GRADIENTS: tuple[Arrays, ...] = tuple(
    {name: _draw.normal(scale=size, size=value.shape) for name, value in START.items()} for size in np.geomspace(2.0, 0.2, STEPS)
)
RATES = np.float32(0.1) * np.linspace(1.0, 0.3, STEPS, dtype=np.float32)
"""float32, as schedules give them, so that they are the same numbers in both precisions."""


def case_of(kind: str, case: str) -> Case:
    """The case of this name in the file of a kind."""
    found: Case = import_module(f"tests.library.updaters.cases.{kind}").CASES[case]
    return found


@cache
def ours(kind: str, case: str, around: str, precision: Literal["f32", "f64"]) -> tuple[Arrays, dict[str, Arrays]]:
    """Parameters and slots after all updates by the library."""
    with jax.enable_x64(precision == "f64"):
        return updated(case_of(kind, case), AROUND[around], JaxOps(precision))


def updated(case: Case, around: Around, ops: JaxOps) -> tuple[Arrays, dict[str, Arrays]]:
    """The same for any surroundings. Wants JAX's 64-bit mode for `f64`."""
    rule = around.rule(case.updater, Fixed(0.1))

    @jax.jit
    def update(values: Any, slots: Any, gradients: Any, rate: Any, step: Any) -> Any:
        norm = rule.norm([(gradients[name], around.lr_scale[name]) for name in values], ops)
        done = {
            name: rule.apply(
                gradients[name],
                values[name],
                slots[name],
                rate=rate,
                step=step,
                ops=ops,
                norm=norm,
                lr_scale=around.lr_scale[name],
                wd_scale=around.wd_scale[name],
            )
            for name in values
        }
        return {name: value for name, (value, _) in done.items()}, {name: kept for name, (_, kept) in done.items()}

    values: Any = {name: ops.cast(value) for name, value in START.items()}
    slots: Any = {name: {slot: jnp.zeros_like(value) for slot in rule.slot_names()} for name, value in values.items()}
    for step, (gradients, rate) in enumerate(zip(GRADIENTS, RATES, strict=True)):
        given = {name: ops.cast(gradient) for name, gradient in gradients.items()}
        values, slots = update(values, slots, given, jnp.float32(rate), jnp.int32(step))
    assert all(value.dtype == ops.dtype for value in jax.tree.leaves((values, slots)))
    return jax.tree.map(np.asarray, (values, slots))  # type: ignore[no-any-return]


def by_formula(case: Case, around: Around) -> tuple[Arrays, dict[str, Arrays]]:
    """The same in NumPy and float64."""
    values = dict(START)
    slots: dict[str, Arrays] = {name: {slot: np.zeros(value.shape) for slot in case.updater.slots} for name, value in START.items()}
    for step in range(STEPS):
        gradients = dict(GRADIENTS[step])
        if around.clip is not None:
            gradients = {name: np.minimum(np.maximum(g, around.clip[0]), around.clip[1]) for name, g in gradients.items()}
        if around.clip_norm is not None:
            norm = np.sqrt(sum((g**2).sum() for g in gradients.values()))
            if norm > around.clip_norm:
                gradients = {name: g * around.clip_norm / norm for name, g in gradients.items()}
        for name, gradient in gradients.items():
            decayed = gradient + around.weight_decay * around.wd_scale[name] * values[name]
            rate = float(RATES[step]) * around.lr_scale[name]
            values[name], slots[name] = case.formula(decayed, values[name], slots[name], rate, step)
    return values, slots


def by_optax(case: Case, around: Around) -> Arrays:
    """The same by Optax. Wants JAX's 64-bit mode; `clip` must be symmetric."""
    parts: list[optax.GradientTransformation] = []
    if around.clip is not None:
        assert around.clip[0] == -around.clip[1]
        parts.append(optax.clip(around.clip[1]))
    if around.clip_norm is not None:
        parts.append(optax.clip_by_global_norm(around.clip_norm))
    decay = {name: around.weight_decay * scale for name, scale in around.wd_scale.items()}
    parts.append(optax.stateless(lambda updates, values: {name: updates[name] + decay[name] * values[name] for name in updates}))
    rates = jnp.asarray(RATES, jnp.float64)
    parts.append(case.optax(lambda count: rates[count]))
    parts.append(optax.stateless(lambda updates, values: {name: updates[name] * around.lr_scale[name] for name in updates}))
    chain = optax.chain(*parts)
    values: Any = {name: jnp.asarray(value) for name, value in START.items()}
    state = chain.init(values)
    for gradients in GRADIENTS:
        updates, state = chain.update({name: jnp.asarray(gradient) for name, gradient in gradients.items()}, state, values)
        values = optax.apply_updates(values, updates)
    return {name: np.asarray(value) for name, value in values.items()}


def worst(got: Arrays, wanted: Arrays) -> float:
    """The largest error relative to the entry itself, or to a thousandth of the largest entry where that is more."""
    errors = []
    for name, right in wanted.items():
        size = np.maximum(np.abs(right), 1e-3 * np.abs(right).max())
        errors.append(float((np.abs(np.asarray(got[name], np.float64) - right) / size).max()))
    assert errors
    assert not np.isnan(errors).any()
    return max(errors)
