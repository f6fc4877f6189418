"""Real nets on real digits: every way to divide the work gives the loss curve of one worker, to the last digits of a double."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.jobs.groups import ONE, Trained, several, trained

pytestmark = pytest.mark.slow
STEPS = {"digits_mlp": 200, "digits_autoencoder": 200, "digits_cnn": 40, "digits_resnet": 20}
TO_FEATURES = {
    "digits_mlp": "on fc1 { partition = feature }\n  on fc2 { partition = feature }",
    "digits_autoencoder": "on enc1..code { partition = feature }",
    "digits_cnn": "on fc { partition = feature }",
    "digits_resnet": "on fc { partition = feature }",
}
TO_STAGES = {
    "digits_mlp": "on fc2..loss { stage = 1 }",
    "digits_autoencoder": "on dec2..loss { stage = 1 }",
    "digits_cnn": "on conv2..loss { stage = 1 }",
    "digits_resnet": "on res2..loss { stage = 1 }",
}


def topologies(example: str) -> dict[str, str]:
    """Ways to divide the work, by what people call them."""
    hybrid, stages = TO_FEATURES[example], TO_STAGES[example]
    found = {
        "batch": several(4),
        "batch-apart": several(2, apart=3),
        "feature": several(2, partition="feature", apart=1),
        "hybrid": several(4, rules=hybrid),
        "stages": several(2, rules=stages),
        "stages-of-two": several(4, apart=2, rules=stages),
    }
    if example == "digits_resnet":  # its batchnorm shares statistics, which micro-batches have not got in time
        return found
    return found | {
        "micro-batches": several(2, micro_batches=4),
        "feature-micro": several(4, partition="feature", micro_batches=4),
        "hybrid-micro": several(2, micro_batches=4, apart=2, rules=hybrid),
        "pipeline": several(2, micro_batches=4, rules=stages),
        "pipeline-of-two": several(4, partition="feature", micro_batches=4, rules=stages),
    }


CASES = [(example, name) for example in STEPS for name in topologies(example)]
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
        return trained(example, ONE, STEPS[example], tmp_path_factory.mktemp("alone") / "run", cache_folder)

    return call


@pytest.mark.parametrize(("example", "name"), CASES, ids=[f"{example}-{name}" for example, name in CASES])
def test_the_loss_curve_is_that_of_one_worker(example: str, name: str, alone: Alone, cache_folder: Path, tmp_path: Path) -> None:
    group = trained(example, topologies(example)[name], STEPS[example], tmp_path / "run", cache_folder)
    whole = alone(example)
    assert [(line.phase, line.step) for line in group.lines] == [(line.phase, line.step) for line in whole.lines]
    assert sum(line.phase == "train" for line in group.lines) == STEPS[example]
    for one, other in zip(whole.lines, group.lines, strict=True):
        assert [name for name, _ in one.metrics] == [name for name, _ in other.metrics]
        assert [value for _, value in one.metrics] == pytest.approx([value for _, value in other.metrics], abs=1e-9, rel=0)
    assert whole.learned.keys() == group.learned.keys()


def test_exact_sums_end_bitwise_equal_whoever_adds(cache_folder: Path, tmp_path: Path) -> None:
    ends = [trained("digits_mlp", several(size, exact=True), 30, tmp_path / str(size), cache_folder) for size in (1, 2, 4)]
    apart = trained("digits_mlp", several(4, exact=True, apart=3), 30, tmp_path / "apart", cache_folder)
    assert all(one.plan.semantics == "bitwise" for one in ends)
    assert ends[0].learned == ends[1].learned == ends[2].learned == apart.learned
