"""Memory and seconds of placed sections: by hand for small nets, and what is said where a process would need too much."""

from __future__ import annotations

import dataclasses

from msgspec.structs import replace

from singalang_compiler.lower.lower import LowerRequest, lower
from singalang_compiler.place.placed import PlacedSection
from singalang_compiler.plan_group import MemoryRecord
from singalang_grammar.diagnostics import Diagnostic
from tests.programs import compiled

MLP = """
  h = d.x -> fc1: dense(400) -> act: relu -> fc2: dense(10)
  loss = (h, d.y) -> softmax_loss
"""
SIZE = 100 * 400 + 400 + 400 * 10 + 10
"""Parameters of that net."""


def text(topology: str, *, updater: str = "sgd { lr = 0.1 }", batch: int = 8, precision: str = "f32") -> str:
    """A program with the net and one topology."""
    return f"""
data d {{ x: f32[100], y: class(10), train = csv("a.csv", batch = {batch}) }}
net n {{{MLP}}}
updater {updater}
train {{ steps = 1, precision = {precision} }}
topology t {{ {topology} }}
"""


def placed(topology: str, updater: str = "sgd { lr = 0.1 }", batch: int = 8, precision: str = "f32") -> PlacedSection:
    """Its one section."""
    outcome = compiled(text(topology, updater=updater, batch=batch, precision=precision))
    assert outcome.value is not None and not outcome.diagnostics, outcome.diagnostics
    section: PlacedSection = outcome.value.sections[0]
    return section


def mistakes(topology: str, batch: int = 8) -> list[Diagnostic]:
    """What is wrong with a topology."""
    return list(compiled(text(topology, batch=batch)).diagnostics)


def memory(topology: str, updater: str = "sgd { lr = 0.1 }", batch: int = 8, precision: str = "f32") -> tuple[MemoryRecord, ...]:
    """What its processes need."""
    return placed(topology, updater, batch, precision).memory


def test_every_worker_holds_all_parameters_cut_by_batch_and_a_server_its_slice() -> None:
    (found,) = memory("preset = allreduce, workers = groups(1, size = 2)")
    assert (found.process, found.count) == ("worker-0", 2)
    assert found.parameters == found.gradients == 4 * SIZE
    assert found.server == 4 * SIZE / 2
    assert found.total == found.parameters + found.gradients + found.server + found.arrays + found.temporary + found.lanes


def test_updaters_keep_slots_and_double_numbers_need_twice_as_much() -> None:
    (plain,) = memory("preset = allreduce, workers = groups(1, size = 2)")
    (adam,) = memory("preset = allreduce, workers = groups(1, size = 2)", updater="adam { lr = 0.1 }")
    assert adam.server == 3 * plain.server and adam.parameters == plain.parameters
    (double,) = memory("preset = allreduce, workers = groups(1, size = 2)", precision="f64")
    assert double.parameters == 2 * plain.parameters and double.server == 2 * plain.server


def test_workers_hold_pieces_of_what_is_cut_by_feature() -> None:
    (found,) = memory("preset = allreduce, workers = groups(1, size = 2), partition = feature")
    assert found.parameters == 4 * SIZE / 2


def test_servers_apart_have_processes_of_their_own_and_gradients_while_they_work() -> None:
    worker, server = memory("workers = groups(1, size = 2), servers = groups(1, size = 1), separate = true")
    assert (worker.process, worker.count, worker.server) == ("worker-0", 2, 0)
    assert (server.process, server.total - server.lanes) == ("server-0", 2 * 4 * SIZE)
    assert 0 <= server.lanes - 3 * 4 * SIZE < 4096  # what two workers push, and the parameters that both read


def test_each_stage_holds_its_own_parameters_and_the_first_most_micro_batches() -> None:
    stages = "workers = groups(1, size = 2), micro_batches = {}, on fc1, act {{ stage = 0 }}, on fc2, loss {{ stage = 1 }}"
    first, second = memory(stages.format(4))
    assert first.parameters == 4 * (100 * 400 + 400) and second.parameters == 4 * (400 * 10 + 10)
    (one, _), (more, _) = memory(stages.format(1)), memory(stages.format(8))
    assert more.arrays < one.arrays


def test_fewer_rows_need_less_for_what_layers_keep() -> None:
    small, large = (memory("preset = allreduce, workers = groups(1, size = 2)", batch=batch)[0] for batch in (8, 64))
    assert small.parameters == large.parameters and 8 * small.temporary == large.temporary


def test_memory_that_is_not_given_is_not_looked_at() -> None:
    assert not mistakes("preset = allreduce, workers = groups(1, size = 2)")
    assert not mistakes("preset = allreduce, workers = groups(1, size = 2), memory = 1GiB")


def test_too_little_memory_is_told_with_the_process_and_the_layers_that_need_most() -> None:
    (found,) = mistakes("preset = allreduce, workers = groups(1, size = 2), memory = 400KiB")
    assert found.code == "E0560"
    assert found.title.startswith("process `worker-0` and 1 more would need 6") and found.title.endswith("KiB of memory")
    assert found.primary is not None and found.primary.text == "at most 400 KiB a process"
    assert found.primary.span.source.text[found.primary.span.start : found.primary.span.end] == "memory = 400KiB"
    assert found.hint is not None and found.hint.startswith("most is for `fc1` 3") and "`partition = auto`" in found.hint


def test_a_worker_alone_is_told_too() -> None:
    (found,) = mistakes("workers = groups(1, size = 1), memory = 300KiB")
    assert found.code == "E0560" and found.title.startswith("process `worker-0` would need")


def test_a_choice_fits_where_what_is_fastest_does_not() -> None:
    topology = "preset = allreduce, workers = groups(1, size = 4), partition = {}, memory = {}"
    needed = max(memory(topology.format("batch", "1GiB")), key=lambda one: one.total)
    least = max(memory(topology.format("feature", "1GiB")), key=lambda one: one.total)
    assert least.total < needed.total
    limit = f"{(least.total + needed.total) // 2 // 1024}KiB"
    assert [one.code for one in mistakes(topology.format("batch", limit))] == ["E0560"]
    section = placed(topology.format("auto", limit))
    assert all(one.total <= (least.total + needed.total) // 2 for one in section.memory)


def test_where_no_choice_fits_it_is_said_that_none_was_found() -> None:
    (found,) = mistakes("preset = allreduce, workers = groups(1, size = 4), partition = auto, memory = 10KiB")
    assert found.code == "E0560" and found.hint is not None and "no way to cut the layers was found that fits" in found.hint


def test_computing_again_is_not_advised_where_it_is_done() -> None:
    for remat, advised in (("false", True), ("true", False)):
        (found,) = mistakes(f"workers = groups(1, size = 2), memory = 1KiB, remat = {remat}")
        assert found.code == "E0560" and found.hint is not None and ("`remat = true`" in found.hint) == advised


def test_slower_and_later_links_make_a_step_longer() -> None:
    allreduce = "preset = allreduce, workers = groups(1, size = 2), link = {}"
    assert placed(allreduce.format("1Gbps")).step_s < placed(allreduce.format("1Mbps")).step_s
    assert placed(allreduce.format("(1Gbps, 0s)")).step_s < placed(allreduce.format("(1Gbps, 100ms)")).step_s


def test_what_kernels_need_is_refused_too_where_the_first_prediction_was_that_it_fits() -> None:
    outcome = compiled(text("preset = allreduce, workers = groups(1, size = 2)"))
    assert outcome.value is not None
    (section,) = outcome.value.sections
    for limit, codes in ((2**30, []), (200 * 2**10, ["E0560"])):
        cut = replace(section.cut, topology=replace(section.cut.topology, memory_bytes=limit))
        job = dataclasses.replace(outcome.value, sections=(dataclasses.replace(section, cut=cut),))
        lowered = lower(job, LowerRequest())
        assert [one.code for one in lowered.diagnostics] == codes and (lowered.value is None) == bool(codes)
