"""The planner's claims, on some random nets; `run` proves them on many more, and `curves` those of real nets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import pytest

from tests.planner.proof import prove


@pytest.fixture(autouse=True)
def jax_as_it_was() -> Iterator[None]:
    config: Any = jax.config  # without types in JAX
    before = config.jax_enable_x64
    yield
    config.update("jax_enable_x64", before)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(9000, 9024))
def test_a_random_net_learns_cut_as_it_does_whole_and_moves_the_bytes_that_were_predicted(seed: int, tmp_path: Path) -> None:
    proof = prove(seed, 16, tmp_path)
    if proof is None:
        pytest.skip("one worker")
    assert proof.far <= 1e-9
    assert proof.covered
    assert all(predicted == measured for predicted, measured in proof.bytes.values())
