"""Every algorithm kind has a test file of its own; a kind joins by existing."""

from __future__ import annotations

from pathlib import Path

import pytest

from singalang_compiler.library import kinds


@pytest.mark.parametrize("kind", kinds.names("algorithms"))
def test_every_algorithm_is_tested_in_a_file_of_its_name(kind: str) -> None:
    path = Path(__file__).parent / f"test_{kind}.py"
    assert path.is_file(), f"write {path.name}"
    assert "def test_" in path.read_text(encoding="utf-8")
