"""The planner's claims, on some random nets and some real ones; `run` and `curves` prove them on many more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import pytest

from tests.planner.curves import ALONE, Case, curve, distance
from tests.planner.proof import prove

CASES = (
    Case("digits_mlp", "hybrid", 4, 4, True),
    Case("digits_mlp", "feature", 2, 1, False),
    Case("digits_cnn", "stages", 4, 4, False),
    Case("digits_cnn", "feature", 4, 1, True),
    Case("digits_resnet", "batch", 4, 1, False),
    Case("digits_autoencoder", "stages", 2, 4, True),
    Case("digits_autoencoder", "hybrid", 4, 1, False),
)


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


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_real_net_learns_cut_as_it_does_whole(case: Case, tmp_path: Path) -> None:
    for name in ("alone", "cut"):
        (tmp_path / name).mkdir()
    alone = curve(case.program, ALONE, tmp_path / "alone")
    assert distance(alone, curve(case.program, case.topology, tmp_path / "cut")) <= 1e-9
