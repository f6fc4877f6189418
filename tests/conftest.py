"""What tests share: golden files, made with `pytest --update` and read by people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parent / "golden"
Golden = Callable[[str, str], None]
USED = pytest.StashKey[set[str]]()
"""Names of the golden files that tests of this process, or of its workers, have asked for."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write golden files instead of comparing with them")


NUMBERS = ("library/layers", "library/ops", "library/updaters", "library/inits", "library/schedules", "compiler/lower")
"""Folders whose tests compile hundreds of small kernels: they are left to `make test`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folders = tuple(Path(__file__).parent / name for name in NUMBERS)
    for item in items:
        if any(folder in item.path.parents for folder in folders):
            item.add_marker(pytest.mark.slow)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[USED] = set()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A worker of pytest-xdist has ended: what it used counts here."""
    node.config.stash[USED].update(getattr(node, "workeroutput", {}).get("golden", ()))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Golden files that no test uses fail a run of all tests."""
    config, used = session.config, session.config.stash[USED]
    if hasattr(config, "workeroutput"):
        config.workeroutput["golden"] = sorted(used)
    elif exitstatus == pytest.ExitCode.OK and _runs_everything(config):
        unused = sorted({path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*") if path.is_file()} - used)
        if unused:
            print(f"\nno test uses these golden files, remove them: {', '.join(unused)}")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _runs_everything(config: pytest.Config) -> bool:
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.keyword
    return whole and config.option.markexpr in ("", "not oracle")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares a text with the golden file of this name, or writes it under --update."""

    def compare(name: str, text: str) -> None:
        request.config.stash[USED].add(name)
        path = GOLDEN / name
        if request.config.getoption("--update"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        elif not path.exists():
            pytest.fail(f"no golden file {name}: run pytest --update, then read what it wrote")
        else:
            assert text == path.read_text(encoding="utf-8"), f"differs from tests/golden/{name}; run pytest --update if it should"

    return compare
