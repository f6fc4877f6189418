"""What measuring processes say, made a machine."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from singalang_compiler.machine import Machine
from singalang_compiler.work import Work
from singalang_grammar.diagnostics import CompilerBug
from singalang_runtime.calibrate import calibrate as module
from singalang_runtime.calibrate.calibrate import calibrate

KERNELS = {kind: 1e-9 for kind in Work._fields if kind != "unknown"} | {
    "call_s": 1e-6,
    "dispatch_s": 2e-6,
    "act_s": 1e-7,
    "process_bytes": 1e8,
}
COPIES = {"copy_call_s": 1e-7, "copy_bytes_s": 5.0, "cache_copy_bytes_s": 6.0}
ALONE = {"products": 4.0, "loops, forward": 2.0, "loops, both": 2.0, "streaming": 1.0}


def answers(what: str, cores: Sequence[str]) -> list[dict[str, float]]:
    """A machine of two cores: products twice as fast on both, two processes in each other's way by a quarter."""
    match what:
        case "kernels":
            return [KERNELS]
        case "copies":
            return [COPIES]
        case "messages":
            return [{"link_latency_s": 1e-6, "wake_s": 1e-4}]
        case "several":
            return [ALONE | {"products": 2.0}]
    return [ALONE] if len(cores) == 1 else [{name: 1.25 * seconds for name, seconds in ALONE.items()}] * 2


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(module, "_processes", answers)
    monkeypatch.setattr(module, "available", lambda: (0, 1))
    return calibrate(lambda text: None, "here")


def test_prices_and_speeds_are_those_measured(machine: Machine) -> None:
    assert machine.name == "here" and machine.cores == 2 and machine.process_bytes == 10**8
    assert machine.matmul_flops_s == machine.memory_bytes_s == pytest.approx(1e9)
    assert machine.power_s == machine.routine_s == 1e-9 and machine.link_bytes_s == 5.0 and machine.wake_s == 1e-4


def test_cores_and_processes_are_compared_with_one_alone(machine: Machine) -> None:
    assert (machine.product_scaling, machine.loop_scaling, machine.crowding) == (2.0, 1.0, 1.25)
    assert machine.memory_scaling == 2 / 1.25


def test_one_core_has_nothing_to_compare_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_processes", answers)
    monkeypatch.setattr(module, "available", lambda: (3,))
    found = calibrate(lambda text: None, "small")
    assert (found.cores, found.product_scaling, found.crowding, found.memory_scaling) == (1, 1.0, 1.0, 1.0)
    assert found.link_latency_s == Machine().link_latency_s


def test_a_process_that_fails_is_our_own_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available", lambda: (10_000,))
    with pytest.raises(CompilerBug, match="measures kernels ended"):
        calibrate(lambda text: None)
