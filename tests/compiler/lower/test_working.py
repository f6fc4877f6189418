"""What is read off a kernel's operations: how much of which work it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from singalang_compiler.lower.outline.working import work_of
from singalang_compiler.work import Work


def work(function: Callable[..., Any], *shapes: tuple[int, ...]) -> Work:
    """The work of a function of arrays of 32-bit numbers."""
    return work_of(jax.make_jaxpr(function)(*(jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes)))  # type: ignore[no-untyped-call]


def test_a_product_of_matrices() -> None:
    found = work(lambda x, y: x @ y, (30, 40), (40, 50))
    assert found.product_flops == pytest.approx(2 * 30 * 40 * 50)
    assert found.product_elements == 30 * 40 + 40 * 50 + 30 * 50 and found.near_bytes == 0


def test_many_products_at_once() -> None:
    found = work(lambda x, y: jnp.einsum("bij,bjk->bik", x, y), (7, 30, 40), (7, 40, 50))
    assert found.product_flops == pytest.approx(7 * 2 * 30 * 40 * 50)


def test_a_convolution() -> None:
    def convolved(x: Any, kernel: Any) -> Any:
        return jax.lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    assert work(convolved, (2, 9, 9, 3), (5, 5, 3, 16)).conv_flops == 2 * (2 * 5 * 5 * 16) * (5 * 5 * 3)


def test_loops_that_are_joined_move_what_they_read_and_give_once() -> None:
    found = work(lambda x, y: jnp.tanh(x * y + 1) / y, (100, 100), (100, 100))
    assert found.near_bytes == 3 * 4 * 10_000 and found.powers == found.roots == 10_000


def test_sums_read_what_they_add() -> None:
    found = work(lambda x: jnp.sum(x * x, axis=0), (100, 100))
    assert found.summed == 10_000 and found.near_bytes == 4 * 10_000


def test_padding_slices_and_changed_axes_are_told_apart() -> None:
    found = work(lambda x: jnp.pad(x, ((0, 0), (1, 1))), (10, 20))
    assert (found.places, found.transposed) == (220, 0)
    found = work(lambda x: jnp.transpose(x + 1, (1, 0, 2)), (10, 20, 30))
    assert (found.places, found.transposed) == (0, 6000)
