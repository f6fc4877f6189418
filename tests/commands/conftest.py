"""Fixtures of the commands' tests: a shell in a folder of the test's own, and a net that has been trained a little."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import pytest

from tests.commands.shell import Shell, environment, installed, process


@pytest.fixture(autouse=True)
def jax_as_before() -> Iterator[None]:
    """Executing a plan sets JAX up for it, as a process of its own would."""
    config: Any = jax.config  # without types in JAX
    names = ("jax_enable_x64", "jax_compilation_cache_dir")
    before = {name: getattr(config, name) for name in names}
    yield
    for name, value in before.items():
        config.update(name, value)


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for compiled kernels, so that the same small kernels are compiled once."""
    return tmp_path_factory.mktemp("caches")


@pytest.fixture
def shell(tmp_path: Path, caches: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(caches))
    monkeypatch.setenv("COLUMNS", "80")
    return Shell(tmp_path, capsys, monkeypatch)


@pytest.fixture(scope="session")
def _once_trained(tmp_path_factory: pytest.TempPathFactory, caches: Path) -> Path:
    """A folder with first.singa, its plan, and its run in runs/first-1, made by the installed commands."""
    from tests.commands.shell import PROGRAM

    folder = tmp_path_factory.mktemp("trained")
    (folder / "first.singa").write_text(PROGRAM, encoding="utf-8")
    for words in ((installed("singac"), "first.singa"), (installed("singa"), "exec", "plan.json", "--quiet")):
        done = process(*words, folder=folder, env=environment(caches))
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def trained(shell: Shell, _once_trained: Path) -> Shell:
    """A shell in a folder where a net was compiled and trained for 40 steps."""
    shutil.copytree(_once_trained, shell.folder, dirs_exist_ok=True)
    return shell
