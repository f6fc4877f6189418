"""Plans grow with layers and processes, never with their product."""

from __future__ import annotations

import pytest

from benchmarks.programs import RULES, wide
from singalang_compiler.plan import to_bytes
from tests.programs import compiled


@pytest.mark.slow
@pytest.mark.parametrize("way", ["batch", "feature"])
def test_a_plan_of_a_thousand_layers_on_a_thousand_workers_stays_below_five_megabytes(way: str) -> None:
    outcome = compiled(wide(RULES[way]), "plan", check=False)
    assert outcome.value is not None, [one.title for one in outcome.diagnostics]
    assert len(to_bytes(outcome.value.plan)) <= 5_000_000
