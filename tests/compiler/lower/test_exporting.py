"""Kernels as files: the same bytes wherever the compiler lies, for every platform that is asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from singalang_compiler.lower.exporting import settings
from singalang_compiler.plan import to_bytes
from tests.compiler.lower.jobs import Stage, compiled, job, kind, layer, mlp

ROOT = Path(__file__).parents[3]
PROGRAM = """
import singalang_compiler.plan
from tests.compiler.lower.jobs import Stage, compiled, job, kind, layer, mlp
dropping = (*mlp()[:2], Stage("drop", layer("dropout"), ("act",)), Stage("fc2", layer("dense", units=3), ("drop",)), mlp()[3])
made = compiled(job(dropping, updater=kind("updaters", "adam")))
print(singalang_compiler.plan.__file__)
content = singalang_compiler.plan.to_bytes(made.plan)
print(singalang_compiler.plan.has_own_hash(content), content.hex())
print(*sorted(content.hex() for content in made.kernels.values()), sep="\\n")
"""


def _printed(folder: Path) -> list[str]:
    """What the program prints with the sources copied into a folder."""
    for room in ("grammar/singalang_grammar", "compiler/singalang_compiler", "runtime/singalang_runtime"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tests/compiler/lower").mkdir(parents=True)
    shutil.copy(ROOT / "tests/compiler/lower/jobs.py", folder / "tests/compiler/lower/jobs.py")
    paths = [str(folder / room) for room in ("grammar", "compiler", "runtime", ".")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, cwd=folder, check=True, timeout=300
    )
    return done.stdout.splitlines()


def test_two_folders_give_equal_bytes(tmp_path: Path) -> None:
    first, second = (_printed(tmp_path / name) for name in ("here", "some/other/place"))
    assert first[0] != second[0] and first[0].startswith(str(tmp_path))
    assert len(first) > 5
    assert first[1:] == second[1:]


def test_kernels_hold_no_path() -> None:
    made = compiled(job(mlp(), updater=kind("updaters", "adam")))
    for content in made.kernels.values():
        assert b".py" not in content and str(ROOT).encode() not in content


def test_the_same_job_twice_gives_the_same_plan() -> None:
    first, second = compiled(job(mlp())), compiled(job(mlp()))
    assert to_bytes(first.plan) == to_bytes(second.plan)
    assert first.kernels == second.kernels


def test_parameters_that_begin_alike_share_a_kernel() -> None:
    stages = (
        Stage("a", layer("dense", units=6), ("d.x",)),
        Stage("b", layer("dense", units=6), ("a",)),
        Stage("fc", layer("dense", units=3), ("b",)),
        Stage("loss", layer("softmax_loss"), ("fc", "d.y")),
    )
    records = {parameter.name: parameter.init_kernel for parameter in compiled(job(stages)).plan.parameters}
    assert records["a.weight"] == records["b.weight"] != records["fc.weight"]
    assert records["a.bias"] == records["b.bias"]


def test_kernels_are_made_for_the_platforms_asked_for() -> None:
    made = compiled(job(mlp()), "cpu", "cuda")
    assert made.plan.platforms == ("cpu", "cuda")
    for content in made.kernels.values():
        assert jax.export.deserialize(bytearray(content)).platforms == ("cpu", "cuda")
    operations = next(one for one in made.plan.decisions if one.about == "operations")
    assert (operations.chosen, operations.reason) == ("plain", "backend-any")


def test_settings_of_jax_are_put_back() -> None:
    def standing() -> tuple[object, ...]:
        config = jax.config
        return config.jax_traceback_in_locations_limit, config.jax_enable_x64, config.jax_threefry_partitionable  # type: ignore[attr-defined]

    before = standing()
    with pytest.raises(KeyError), settings(double=True):
        assert standing()[:2] == (0, True)
        raise KeyError
    assert standing() == before
