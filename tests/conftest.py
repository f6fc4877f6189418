"""What tests share: golden files, made with `pytest --update` and read by people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write golden files instead of comparing with them")


NUMBERS = ("library/layers", "library/ops", "library/updaters", "library/inits", "library/schedules", "compiler/lower")
"""Folders whose tests compile hundreds of small kernels: they are left to `make test`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folders = tuple(Path(__file__).parent / name for name in NUMBERS)
    for item in items:
        if any(folder in item.path.parents for folder in folders):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares a text with the golden file of this name, or writes it under --update."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        elif not path.exists():
            pytest.fail(f"no golden file {name}: run pytest --update, then read what it wrote")
        else:
            assert text == path.read_text(encoding="utf-8"), f"differs from tests/golden/{name}; run pytest --update if it should"

    return compare
