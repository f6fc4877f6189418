"""Real nets on real digits, the work divided: what a run leaves is what one worker leaves, to the last digits of a double."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.jobs.groups import ONE, Trained, several, trained

pytestmark = pytest.mark.slow
STEPS = 50
CASES = {
    "batch": ("digits_mlp", several(4)),
    "feature": ("digits_mlp", several(2, partition="feature", apart=3)),
    "hybrid": ("digits_mlp", several(4, micro_batches=4, apart=1, rules="on fc1 { partition = feature }")),
    "pipeline": ("digits_mlp", several(4, micro_batches=4, rules="on fc2..loss { stage = 1 }")),
    "tied-weights": ("digits_autoencoder", several(4, partition="feature", rules="on dec2..loss { stage = 1 }")),
    "batch-statistics": ("digits_resnet", several(2)),
}
Alone = Callable[[str], Trained]


@pytest.fixture(scope="module")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where compiled kernels are kept."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Alone:
    """An example trained by one worker, once."""

    @cache
    def call(example: str) -> Trained:
        return trained(example, ONE, STEPS, tmp_path_factory.mktemp("alone") / "run", cache_folder)

    return call


@pytest.mark.parametrize("case", CASES)
def test_a_group_leaves_what_one_worker_leaves(case: str, alone: Alone, cache_folder: Path, tmp_path: Path) -> None:
    """Measurements of every step, those of the test, and every tensor of the last checkpoint."""
    example, topology = CASES[case]
    group, whole = trained(example, topology, STEPS, tmp_path / "run", cache_folder), alone(example)
    assert [(line.phase, line.step) for line in group.lines] == [(line.phase, line.step) for line in whole.lines]
    assert len(whole.lines) == STEPS + 1
    for one, other in zip(whole.lines, group.lines, strict=True):
        assert [name for name, _ in one.metrics] == [name for name, _ in other.metrics]
        assert [value for _, value in one.metrics] == pytest.approx([value for _, value in other.metrics], abs=1e-9, rel=0)
    assert whole.learned.keys() == group.learned.keys()
    for key in whole.learned:
        assert whole.tensors[key].shape == group.tensors[key].shape
        assert np.allclose(whole.tensors[key], group.tensors[key], rtol=1e-8, atol=1e-11)


def test_exact_sums_end_bitwise_equal_whoever_adds(cache_folder: Path, tmp_path: Path) -> None:
    ends = [trained("digits_mlp", several(size, exact=True), STEPS, tmp_path / str(size), cache_folder) for size in (1, 2, 4)]
    apart = trained("digits_mlp", several(4, exact=True, apart=3), STEPS, tmp_path / "apart", cache_folder)
    assert all(one.plan.semantics == "bitwise" for one in ends)
    assert ends[0].learned == ends[1].learned == ends[2].learned == apart.learned


@pytest.mark.parametrize("case", CASES)
def test_processes_leave_the_very_bytes_of_the_local_host(case: str, cache_folder: Path, tmp_path: Path) -> None:
    example, topology = CASES[case]
    local = trained(example, topology, STEPS, tmp_path / "local", cache_folder)
    processes = trained(example, topology, STEPS, tmp_path / "processes", cache_folder, local=False)
    if case == "batch-statistics":  # its convolutions add in another order on one core than on the two that this process has
        assert processes.tensors.keys() == local.tensors.keys()
        assert all(np.allclose(processes.tensors[key], local.tensors[key], rtol=1e-9, atol=1e-12) for key in local.tensors)
    else:
        assert processes.lines == local.lines
        assert processes.learned == local.learned


def test_exact_sums_of_processes_end_bitwise_equal_however_many_they_are(cache_folder: Path, tmp_path: Path) -> None:
    sizes = {size: several(size, exact=True) for size in (1, 2, 4)}
    ends = [trained("digits_mlp", text, STEPS, tmp_path / str(size), cache_folder, local=False) for size, text in sizes.items()]
    assert ends[0].learned == ends[1].learned == ends[2].learned
