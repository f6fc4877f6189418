"""The fast forms of the operations against the plain ones, values and gradients, over many geometries."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from singalang_compiler.library.context import Array, Pair
from singalang_compiler.library.ops_jax import conv2d, max_pool
from singalang_compiler.library.ops_jax.ops import JaxOps


def each(*geometries: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Every geometry in 64 bits, and the first four in 32 as well."""
    return [(*found, "f64") for found in geometries] + [(*found, "f32") for found in geometries[:4]]


POOLS = each(  # batch, height, width, channels; kernel; stride; padding
    ((2, 8, 8, 3), (3, 3), (2, 2), (0, 0)),
    ((2, 8, 8, 3), (2, 2), (2, 2), (0, 0)),
    ((1, 7, 9, 2), (3, 3), (1, 1), (1, 1)),
    ((3, 9, 6, 2), (3, 2), (3, 1), (0, 0)),
    ((2, 9, 8, 2), (2, 2), (3, 3), (0, 0)),
    ((2, 11, 10, 2), (5, 5), (2, 2), (2, 2)),
    ((2, 10, 11, 2), (3, 3), (2, 2), (2, 1)),
    ((2, 5, 7, 1), (1, 1), (1, 1), (0, 0)),
    ((2, 6, 7, 2), (1, 3), (4, 2), (0, 2)),
    ((1, 5, 5, 3), (4, 4), (3, 3), (1, 1)),
    ((2, 4, 6, 3), (4, 6), (1, 1), (0, 0)),
    ((2, 1, 1, 3), (1, 1), (2, 2), (0, 0)),
    ((1, 13, 12, 1), (9, 8), (2, 3), (4, 0)),  # more places than are sliced
)
TOLERANCE = {"f32": 2e-6, "f64": 1e-14}


def value_and_gradients(function: Callable[..., Array], given: list[Array], g: Array) -> tuple[Array, ...]:
    value, pull = jax.vjp(function, *given)
    return value, *pull(g)


def compare(precision: Any, run: Callable[[JaxOps], Callable[..., Array]], *arrays: Array) -> None:
    """Values and gradients of both forms, to a share of the largest entry."""
    with jax.enable_x64(precision == "f64"):
        plain, fast = JaxOps(precision), JaxOps(precision, "cpu")
        given = [plain.cast(x) for x in arrays]
        g = plain.cast(np.random.default_rng(1).normal(size=jax.eval_shape(run(plain), *given).shape))
        wanted, found = (jax.jit(partial(value_and_gradients, run(ops)))(given, g) for ops in (plain, fast))
        for a, b in zip(found, wanted, strict=True):
            assert a.shape == b.shape and a.dtype == b.dtype == plain.dtype
            assert float(jnp.abs(a - b).max()) <= TOLERANCE[precision] * max(float(jnp.abs(b).max()), 1e-3)


@pytest.mark.parametrize(("shape", "kernel", "stride", "pad", "precision"), POOLS)
def test_pools(shape: tuple[int, ...], kernel: Pair, stride: Pair, pad: Pair, precision: str) -> None:
    random = np.random.default_rng(0)
    smooth, ties = random.normal(size=shape), random.integers(-1, 2, shape).astype(float)
    compare(precision, lambda ops: lambda x: ops.max_pool(x, kernel, stride, pad), np.concatenate([smooth, ties]))
    compare(precision, lambda ops: lambda x: ops.avg_pool(x, kernel, stride, pad), smooth)


@pytest.mark.parametrize(
    ("size", "channels", "beta", "precision"),
    each((3, 8, 0.75), (5, 4, 0.5), (1, 3, 1.0), (3, 6, 0.6), (9, 2, 0.75), (9, 2, -0.4), (5, 7, 0.75)),
)
def test_lrn(size: int, channels: int, beta: float, precision: str) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 2, channels))
    compare(precision, lambda ops: lambda x: ops.lrn(x, size, 0.8, beta, 1.5), x)


@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "pad", "precision"),
    each(
        ((2, 8, 8, 3), (5, 5, 20), (1, 1), (2, 2)),  # two columns at once
        ((2, 8, 8, 1), (3, 3, 4), (1, 1), (1, 1)),  # eight
        ((1, 6, 10, 1), (3, 5, 2), (1, 1), (0, 0)),
        ((2, 5, 8, 2), (3, 2, 12), (1, 1), (2, 0)),
        ((2, 5, 7, 4), (2, 4, 3), (1, 1), (0, 2)),
        ((2, 7, 7, 3), (3, 3, 2), (1, 1), (1, 1)),  # an odd number of columns
        ((2, 9, 8, 3), (3, 3, 2), (2, 2), (1, 1)),
        ((2, 8, 8, 3), (2, 2, 2), (3, 3), (0, 0)),
        ((2, 6, 6, 8), (3, 3, 4), (1, 1), (1, 1)),  # many channels
    ),
)
def test_convolutions(shape: tuple[int, ...], kernel: tuple[int, int, int], stride: Pair, pad: Pair, precision: str) -> None:
    random = np.random.default_rng(0)
    x, weight = random.normal(size=shape), random.normal(size=(*kernel[:2], shape[3], kernel[2]))
    compare(precision, lambda ops: lambda x, weight: ops.conv2d(x, weight, stride, pad), x, weight)


@pytest.mark.parametrize("together", [2, 3, 6])
def test_convolutions_in_blocks_of_columns(together: int) -> None:
    random = np.random.default_rng(0)
    x, weight = random.normal(size=(2, 5, 7, 3)), random.normal(size=(3, 4, 3, 2))

    def run(ops: JaxOps) -> Callable[..., Array]:
        return lambda x, weight: (
            conv2d.plain(x, weight, (1, 1), (0, 1)) if ops.form == "plain" else conv2d.blocked(x, weight, together, (0, 1))
        )

    compare("f64", run, x, weight)


def test_first_convolutions_are_computed_in_blocks_of_columns() -> None:
    """As many columns as were measured to be fastest, or near it; wide and strided ones are left as they are."""
    for width, kernel, wanted in (
        (36, (5, 3, 32), 2),  # SINGA's CIFAR-10
        (34, (3, 3, 16), 4),  # ResNet
        (28, (5, 1, 20), 4),  # LeNet
        (32, (5, 1, 6), 7),
        (10, (3, 1, 16), 2),  # the digits
        (10, (3, 1, 32), 1),
        (34, (3, 3, 64), 1),
        (34, (3, 4, 16), 2),
        (34, (3, 16, 16), 1),
        (32, (1, 1, 8), 1),
        (31, (3, 1, 8), 1),  # 29 columns cannot be grouped
    ):
        assert conv2d.columns_together(width, kernel, (1, 1)) == wanted, (width, kernel)
    assert conv2d.columns_together(227, (11, 3, 96), (4, 4)) == 1


def test_the_fast_gradients_hold_no_scatter_and_keep_one_byte_a_window() -> None:
    ops = JaxOps("f32", "cpu")
    x = jnp.zeros((2, 8, 8, 3))
    for pool in (ops.max_pool, ops.avg_pool):
        program = str(jax.make_jaxpr(jax.grad(lambda x, pool=pool: pool(x, (3, 3), (2, 2), (0, 0)).sum()))(x))
        assert "scatter" not in program and "reduce_window" not in program
    _, pull = jax.vjp(lambda x: ops.max_pool(x, (3, 3), (2, 2), (0, 0)), x)
    assert [(kept.shape, str(kept.dtype)) for kept in jax.tree.leaves(pull)] == [((2, 3, 3, 3), "uint8")]


def test_what_is_not_a_number_stays_so_in_every_form() -> None:
    """A pool that dropped it would hide that a training has come to nothing."""
    x = jnp.zeros((1, 4, 4, 1)).at[0, 1, 1, 0].set(jnp.nan)
    for form in (max_pool.plain, max_pool.fast):
        made = form(x, (2, 2), (2, 2), (0, 0))
        assert np.isnan(made).sum() == 1 and np.isnan(made[0, 0, 0, 0])
        assert np.isnan(form(x, (4, 4), (4, 4), (0, 0))).all()
    trained = jax.vjp(lambda x: max_pool.fast(x, (2, 2), (2, 2), (0, 0)), x)[0]
    assert np.isnan(trained).sum() == 1


def test_the_gradient_of_equal_numbers_goes_to_the_first() -> None:
    for ops in (JaxOps("f32"), JaxOps("f32", "cpu")):
        for kernel in ((2, 2), (4, 4)):
            dx = jax.grad(lambda x, ops=ops, kernel=kernel: ops.max_pool(x, kernel, kernel, (0, 0)).sum())(jnp.ones((1, 4, 4, 1)))
            wanted = np.zeros((4, 4))
            wanted[:: kernel[0], :: kernel[1]] = 1
            assert (dx[0, :, :, 0] == wanted).all()
