"""Layers that are computed again in the backward pass: the same numbers, and less that is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from jax import export

from singalang_compiler.lower.lower import Compiled
from tests.compiler.lower.group.programs import CNN, RESIDUAL, plan_of, program, shaped_job
from tests.compiler.lower.group.whole import Whole
from tests.compiler.lower.host import Host

AGAIN = ["remat = true", "on b..b4 { remat = true }"]


def one_worker(net: str, said: str = "") -> str:
    return program(net, f"workers = groups(1, size = 1)\n {said}")


def barriers(compiled: Compiled) -> int:
    """How often a step keeps XLA from joining a second computation with the first."""
    content = compiled.kernels[compiled.plan.sections[0].kernels["step"]]
    return str(export.deserialize(bytearray(content)).mlir_module()).count("optimization_barrier")


@pytest.mark.parametrize("said", AGAIN)
@pytest.mark.parametrize("net", [CNN, RESIDUAL], ids=["cnn", "residual"])
def test_one_worker_learns_alike_when_it_computes_layers_again(net: str, said: str, tmp_path: Path) -> None:
    batch = Whole.of(shaped_job(one_worker(net))).batch()
    hosts = []
    for name, text in (("kept", one_worker(net)), ("again", one_worker(net, said))):
        (tmp_path / name).mkdir()
        hosts.append(Host(plan_of(text), tmp_path / name))
        hosts[-1].step(0, batch)
    for name, value in hosts[0].tensors().items():
        np.testing.assert_allclose(hosts[1].tensors()[name], value, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(hosts[1].metrics, hosts[0].metrics, rtol=1e-12)


def test_only_layers_that_the_topology_names_are_computed_again() -> None:
    counts = [barriers(plan_of(one_worker(CNN, said))) for said in ("", *AGAIN, "remat = true\n on all { remat = false }")]
    assert counts[0] == counts[3] == 0
    assert min(counts[1:3]) > 0
