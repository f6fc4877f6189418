"""What the tests of the runtime share: JAX is left as it was, and a run is one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import pytest

from singalang_runtime.execute import ExecRequest, ExitStatus, execute
from tests.runtime.recorder import Recorder
from tests.runtime.tiny import Tiny

Run = Callable[..., ExitStatus]


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
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of compiled kernels, so that the same tiny kernels are compiled once."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture
def run(tmp_path: Path, compiled: Path) -> Run:
    """Executes a tiny plan in folder `name` of the test's folder; `resume` goes on with the run there."""

    def call(
        tiny: Tiny,
        name: str = "whole",
        *,
        resume: bool = False,
        until: int | None = None,
        reporter: Any = None,
        data: Path | None = None,
        local: bool = True,
    ) -> ExitStatus:
        plan = tmp_path / f"{name}.plan" / "plan.json"
        if not plan.exists():
            tiny.write(plan.parent)
        request = ExecRequest(
            plan=None if resume else plan,
            reporter=reporter or Recorder(),
            run=tmp_path / name,
            data=data or plan.parent,
            resume=resume,
            until=until,
            local=local,
            cache=compiled,
        )
        return execute(request)

    return call


def codes(status: ExitStatus) -> list[str]:
    """The codes that a run ended with."""
    return [one.code for one in status.diagnostics]
