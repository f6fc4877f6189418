"""Examples under their topologies of several workers: programs come to an end, and move the bytes that are predicted."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from singalang_compiler.pipeline import Request, run
from singalang_compiler.place.placed import Placed, PlacedSection
from singalang_compiler.place.rings import slots_of
from tests.compiler.place.playing import Game

EXAMPLES = Path(__file__).parents[3] / "examples"
PLAYED = [("digits_autoencoder", "stages"), ("digits_cnn", "hybrid"), ("digits_resnet", "stages")]


def sections(example: str, topology: str) -> tuple[PlacedSection, ...]:
    """The sections of an example, placed."""
    outcome = run(Request(str(EXAMPLES / f"{example}.singa"), topology=topology, check=True), "place")
    assert isinstance(outcome.value, Placed) and not outcome.failed, outcome.diagnostics
    return outcome.value.sections


@pytest.mark.parametrize(("example", "topology"), PLAYED)
def test_programs_end_and_move_what_is_predicted(example: str, topology: str) -> None:
    for section in sections(example, topology):
        net = section.cut.nets["train"]
        programs = [next(role.step for role in section.roles if role.stage == stage) for stage in range(net.stages)]
        game = Game(net, programs, [slots_of(net, stage, program) for stage, program in enumerate(programs)])
        game.play(Random(0))
        connections, *_ = section.links
        assert connections.step_bytes == 4 * sum(game.moved.values())
        assert connections.step_bytes > 0
