"""Writing: kernels first, the plan last, all or nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from singalang_compiler.lower.lower import Compiled
from singalang_compiler.lower.write import write
from singalang_compiler.plan import kernels_folder, to_bytes
from tests.compiler.lower.jobs import compiled, job, kind, mlp


@pytest.fixture(scope="module")
def first() -> Compiled:
    return compiled(job(mlp()))


@pytest.fixture(scope="module")
def second() -> Compiled:
    return compiled(job(mlp(7), updater=kind("updaters", "adam")))


def _seen(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_kernels_lie_beside_the_plan_under_their_hashes(tmp_path: Path, first: Compiled) -> None:
    path = tmp_path / "made" / "model.json"
    outcome = write(first, path)
    assert outcome.value == path and not outcome.diagnostics
    folder = kernels_folder(path)
    assert folder.name == "model.kernels"
    assert {found.stem: found.read_bytes() for found in folder.iterdir()} == first.kernels
    assert path.read_bytes() == to_bytes(first.plan)


def test_kernels_of_a_former_plan_go_and_other_files_stay(tmp_path: Path, first: Compiled, second: Compiled) -> None:
    path = tmp_path / "plan.json"
    write(first, path)
    (kernels_folder(path) / "notes.txt").write_text("mine")
    write(second, path)
    assert {found.stem for found in kernels_folder(path).glob("*.stablehlo")} == set(second.kernels)
    assert (kernels_folder(path) / "notes.txt").exists()
    again = _seen(tmp_path)
    write(second, path)
    assert _seen(tmp_path) == again


def test_files_of_the_user_lie_beside_the_kernels(tmp_path: Path, first: Compiled) -> None:
    name = "0" * 64 + ".py"
    write(Compiled(first.plan, first.kernels, {name: b"text"}), tmp_path / "plan.json")
    assert (tmp_path / "plan.kernels" / name).read_bytes() == b"text"


@pytest.mark.parametrize("files", [0, 1, 4])
def test_a_full_disk_loses_nothing_that_was_there(
    tmp_path: Path, first: Compiled, second: Compiled, files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.json"
    write(first, path)
    before = _seen(tmp_path)
    left = [files]

    def full(descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    outcome = write(second, path)
    assert outcome.value is None
    (found,) = outcome.diagnostics
    assert (found.code, found.where) == ("E0790", str(path))
    assert "no space left on device" in found.title
    assert _seen(tmp_path) == before


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path, first: Compiled) -> None:
    (tmp_path / "plan.kernels").write_text("mine")
    assert [found.code for found in write(first, tmp_path / "plan.json").diagnostics] == ["E0790"]
    assert (tmp_path / "plan.kernels").read_text() == "mine"
    assert not (tmp_path / "plan.json").exists()
