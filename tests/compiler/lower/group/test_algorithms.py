"""Algorithms that work on the whole net: workers that share a batch let them see their own part of the objective."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import structs

from singalang_compiler.library.algorithms.bp import Bp
from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import NetFunction
from singalang_compiler.library.kinds import Configured, Kind
from singalang_compiler.lower.lower import Compiled, LowerRequest, lower
from singalang_compiler.machine import Machine
from singalang_compiler.partition.partition import partition
from singalang_compiler.place.place import place
from tests.compiler.lower.group.execute import Crew
from tests.compiler.lower.group.programs import MLP, TOPOLOGIES, program, shaped_job
from tests.compiler.lower.group.whole import Whole, difference


class TwiceBp(Bp):
    """Back-propagation that takes steps twice as long, and wants the whole net for that."""

    def cuts(self) -> str | None:
        return "it wants the whole net"

    def gradients(
        self, net: NetFunction, parameters: Mapping[str, Array], state: Mapping[str, Array], batch: Mapping[str, Array], ops: Ops
    ) -> tuple[Mapping[str, Array], dict[str, Array], dict[str, Array]]:
        found, changed, metrics = super().gradients(net, parameters, state, batch, ops)
        return {name: 2 * gradient for name, gradient in found.items()}, changed, metrics


def taught(text: str) -> Compiled:
    """The plan of a program whose algorithm is the one above."""
    shaped = shaped_job(text)
    algorithm = Configured(Kind("algorithms", "twice", (), {}, cls=TwiceBp))
    job = structs.replace(shaped.job, trains=(structs.replace(shaped.job.trains[0], algorithm=algorithm),))
    cut = partition(structs.replace(shaped, job=job), Machine()).value
    assert cut is not None
    placed = place(cut, True, Machine())
    assert placed.value is not None and not placed.failed, placed.diagnostics
    made = lower(placed.value, LowerRequest())
    assert made.value is not None, made.diagnostics
    return made.value


def test_an_algorithm_gets_the_contribution_of_each_worker() -> None:
    for topology in (TOPOLOGIES["batch"], "workers = groups(1, size = 2)\n micro_batches = 3"):
        text = program(MLP, topology)
        whole = Whole.of(shaped_job(text))
        parameters, batch = whole.parameters(), whole.batch()
        wanted = whole.step(parameters, batch)
        found = Crew(taught(text), parameters).step(batch)
        assert difference(found.gradients, {name: 2 * array for name, array in wanted.gradients.items()}) < 1e-12
        assert abs(found.metrics - wanted.metrics).max() < 1e-12
