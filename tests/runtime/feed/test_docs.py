"""What `docs/data.md` shows: programs that parse, sources that exist, and files that are read as it says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from singalang_compiler.library.kinds import find, names
from singalang_grammar.parse.parser import parse
from singalang_grammar.source import Source
from tests.library.sources.makers import feature, label, read_all, source

TEXT = (Path(__file__).parents[3] / "docs" / "data.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```singa\n(.*?)```", TEXT, re.DOTALL)
FILES = re.findall(r"```text\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_parses_and_uses_sources_as_they_are(program: str) -> None:
    assert parse(Source("data.md", program)).diagnostics == ()
    uses = re.findall(r"(?:train|test)\s*= (\w+)\((.*)\)", program)
    assert uses
    for kind, arguments in uses:
        found = find("sources", kind)
        assert found is not None
        known = {"batch", "shuffle", "random_skip", "split", *(attribute.name for attribute in found.attributes)}
        assert set(re.findall(r"(\w+) =", arguments)) <= known


def test_every_source_and_every_code_has_its_place() -> None:
    assert set(re.findall(r"### `(\w+)`", TEXT)) == set(names("sources"))
    folder = Path(__file__).parents[3] / "runtime" / "singalang_runtime" / "codes"
    for code in set(re.findall(r"E06\d\d", TEXT)):
        assert list(folder.glob(f"{code.lower()}_*.py"))


def test_the_texts_are_read_as_it_says(tmp_path: Path) -> None:
    points, iris = FILES
    (tmp_path / "points.csv").write_text(points)
    position, speed, kind = read_all(
        source("csv", path="points.csv"), tmp_path, feature("position", 2), feature("speed"), label("kind", 3)
    )
    np.testing.assert_array_equal(position, [[0.5, -1.25], [0.75, 2.5]])
    assert (speed.tolist(), kind.tolist()) == ([3, 8], [0, 2])
    (tmp_path / "iris.csv").write_text(iris)
    flower, species = read_all(source("csv", path="iris.csv", header=True), tmp_path, feature("flower", 4), label("species", 3))
    np.testing.assert_array_equal(flower, np.array([[5.1, 3.5, 1.4, 0.2], [7, 3.2, 4.7, 1.4]], np.float32))
    assert species.tolist() == [0, 1]
