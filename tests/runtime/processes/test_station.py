"""Processes on shared memory come, bit by bit, to what the group in one process comes to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from singalang_compiler.lower.write import write
from singalang_compiler.pipeline import Request, compile_program
from singalang_grammar.diagnostics import Outcome
from singalang_grammar.read import read_source
from singalang_grammar.source import Source
from singalang_runtime.attention import Attention
from singalang_runtime.group.member import Member
from singalang_runtime.layout import Array
from singalang_runtime.processes.station import Station
from singalang_runtime.protocol.events import PausesAt, StepsDone
from tests.planner.curves import EXAMPLES, Case, text_of
from tests.runtime.group.drive import evaluate, opened, train
from tests.runtime.group.test_local import GROUP, SHAPES
from tests.runtime.processes.stations import Together


@contextmanager
def together(path: Path, **options: object) -> Iterator[Together]:
    made = Together(path, **options)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


def equal(one: dict[str, Array], other: dict[str, Array]) -> bool:
    assert one.keys() == other.keys()
    return all(one[key].tobytes() == other[key].tobytes() for key in one)


def states(members: Iterable[Member | None]) -> list[bytes]:
    """The layers' state of workers: a checkpoint has only that of the first one of each stage."""
    return [one.shelf.read((buffer.name, 0)).tobytes() for one in members if one is not None for buffer in one.role.state]


def check(path: Path, cache: Path, steps: int, seed: int = 0) -> None:
    """Some steps, a test, some more steps: all that is measured and learned is that of the local host."""
    group = opened(path, cache=cache)
    with together(path, cache=cache, seed=seed) as processes:
        processes.initialise()
        for stop in (steps, 2 * steps):
            train(group, stop)
            processes.train(stop)
            assert equal(processes.tensors(), group.tensors())
            assert processes.evaluate() == evaluate(group)
            assert states(station.member for station in processes.working) == states(group.members)
        assert equal(processes.tensors(), group.tensors())


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_processes_come_to_what_the_local_group_comes_to(shape: str, seed: int, compiled: Path, tmp_path: Path) -> None:
    check(SHAPES[shape].write(tmp_path), compiled, 5, seed)


@pytest.mark.parametrize("shape", SHAPES)
def test_bytes_moved_and_held_are_those_of_the_local_group(shape: str, compiled: Path, tmp_path: Path) -> None:
    path = SHAPES[shape].write(tmp_path)
    group = opened(path, cache=compiled)
    train(group, 7)
    with together(path, cache=compiled) as processes:
        processes.initialise().train(7)
        processes.evaluate()
        figures = {process: station.figures() for process, station in processes.stations.items()}
    assert all(own.moved_steps == 7 for process, own in figures.items() if process.startswith("worker"))
    for link in group.setting.group.links:
        assert sum(own.moved_bytes[link.what] for own in figures.values()) == 7 * link.step_bytes
    assert {process: own.named_bytes for process, own in figures.items()} == group.measured().memory_bytes


def test_processes_go_on_from_what_others_left(compiled: Path, tmp_path: Path) -> None:
    path = SHAPES["uneven"].write(tmp_path)
    with together(path, cache=compiled) as whole, together(path, cache=compiled) as first, together(path, cache=compiled) as second:
        whole.initialise().train(9)
        first.initialise().train(4)
        left = {key: np.array(tensor) for key, tensor in first.tensors().items()}
        second.restore(left, 4).train(9)
        assert equal(second.tensors(), whole.tensors())


def test_a_worker_asked_to_pause_ends_the_step_at_hand(compiled: Path, tmp_path: Path) -> None:
    with together(replace(GROUP, rows=(8,), servers=1, apart=True).write(tmp_path), cache=compiled) as processes:
        [one] = processes.initialise().working
        one.run(0, 20)
        while one.step < 3:
            for station in processes.stations.values():
                station.go_round()
        assert one.go_round() and not one.go_round()  # it is in its step, and waits for new values
        assert one.pause(0) == (PausesAt(4),)
        assert processes.answers() == [StepsDone(4)]


def test_a_worker_between_two_steps_pauses_where_it_stands(compiled: Path, tmp_path: Path) -> None:
    with together(SHAPES["one"].write(tmp_path), cache=compiled) as processes:
        [station] = processes.initialise().working
        station.run(0, 20)
        assert not station.answers()
        assert station.pause(0) == () and processes.answers() == [StepsDone(0)]
        assert station.pause(0) == ()


def test_processes_sleep_until_others_wake_them(compiled: Path, tmp_path: Path) -> None:
    """Each in a thread of its own, none of them spinning; those with servers alone serve until they are called away."""
    path = SHAPES["clipped"].write(tmp_path)
    group, (called, call) = opened(path, cache=compiled), os.pipe()
    train(group, 30)
    with together(path, cache=compiled, control=called) as processes:
        processes.initialise()
        for worker, station in enumerate(processes.working):
            station.run(worker, 30)
        answers: dict[str, Sequence[object]] = {}

        def advance(process: str, station: Station) -> None:
            answers[process] = station.advance(Attention())

        threads = {one[0]: Thread(target=advance, args=one) for one in processes.stations.items()}
        for thread in threads.values():
            thread.start()
        for worker in range(2):
            threads[f"worker-{worker}"].join()
        os.write(call, b"!")
        for thread in threads.values():
            thread.join()
        assert answers == {f"worker-{n}": ((n, StepsDone(30)),) for n in range(2)} | {f"server-{n}": () for n in range(3)}
        assert equal(processes.tensors(), group.tensors())
        assert all(station.figures().waiting_s > 0 for station in processes.stations.values())
    os.close(called)
    os.close(call)


def test_who_is_called_looks_up_while_it_works(compiled: Path, tmp_path: Path) -> None:
    called, call = os.pipe()
    with together(SHAPES["one"].write(tmp_path), cache=compiled, control=called) as processes:
        [station] = processes.initialise().working
        station.run(0, 40)
        os.write(call, b"!")
        assert station.advance(Attention()) == () and station.step < 40
        os.read(called, 1)
        assert station.advance(Attention()) == ((0, StepsDone(40)),)
        [(steps, seconds)] = station.timed
        assert steps == 40 and 0 < seconds <= station.seconds
    os.close(called)
    os.close(call)


def test_who_is_asked_by_its_watch_looks_up_too(compiled: Path, tmp_path: Path) -> None:
    watch = Attention()
    watch.at = 0.0

    def ask() -> None:
        watch.asked, watch.at = True, float("inf")

    watch.on_look = ask
    with together(SHAPES["one"].write(tmp_path), cache=compiled) as processes:
        [station] = processes.initialise().working
        station.run(0, 40)
        assert station.advance(watch) == () and station.step == 0


CASES = {
    "batch": Case("digits_mlp", "batch", 2, 1, False),
    "feature": Case("digits_mlp", "feature", 2, 1, True),
    "hybrid": Case("digits_mlp", "hybrid", 4, 4, False),
    "stages": Case("digits_cnn", "stages", 4, 4, False),
    "tied": Case("digits_autoencoder", "feature", 2, 4, False),
    "statistics": Case("digits_resnet", "hybrid", 2, 1, False),
}
BATCH = CASES["batch"].topology
TEXTS = {name: (case.program, case.topology) for name, case in CASES.items()} | {
    "exact": ("digits_mlp", BATCH.replace("curve {", "curve {\n  sync { exact = true, shards = 4 }")),
    "clipped": ("digits_mlp", BATCH),
    "local-statistics": ("digits_resnet", BATCH),
}


def plan_of(case: str, folder: Path) -> Path:
    """The plan of a case, with a test."""
    program, topology = TEXTS[case]
    text = text_of(program, topology).replace("log = every(1)", "log = every(1), test = every(100)")
    if case == "clipped":
        text = text.replace("updater adam {", "updater adam { clip_norm = 0.1,")
        assert "clip_norm" in text

    def read(path: str) -> Outcome[Source]:
        if path == "main.singa":
            return Outcome(Source(path, text))
        source = read_source(str(EXAMPLES / path))
        if case == "local-statistics" and source.value is not None:
            assert "-> batchnorm\n" in source.value.text
            return Outcome(Source(path, source.value.text.replace("-> batchnorm", "-> batchnorm(over = local)")))
        return source

    made = compile_program(Request("main.singa", topology="curve", read=read))
    assert made.value is not None, [(one.code, one.title) for one in made.diagnostics]
    path = folder / "plan.json"
    write(made.value, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("case", TEXTS)
def test_digits_come_out_alike(case: str, compiled: Path, tmp_path: Path) -> None:
    check(plan_of(case, tmp_path), compiled, 3)
