"""The reference pages: complete, and the same as the committed ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from singalang_compiler.library import kinds
from singalang_compiler.library.attributes import FAMILIES
from singalang_compiler.reference import main, reference_page, reference_pages

COMMITTED = Path(__file__).parents[2] / "docs" / "reference"
PAGES = reference_pages()
KINDS = [(family, name) for family in FAMILIES.values() for name in kinds.names(family)]


def test_regenerating_changes_nothing(tmp_path: Path) -> None:
    assert main([str(tmp_path / "pages")]) == 0
    for path in sorted((tmp_path / "pages").iterdir()):
        committed = COMMITTED / path.name
        assert committed.exists(), f"{path.name} is not committed: run make generate"
        assert path.read_bytes() == committed.read_bytes(), f"{path.name} has changed: run make generate"


def test_no_page_is_left_over() -> None:
    assert {path.name for path in COMMITTED.iterdir()} == set(PAGES)


def test_every_kind_stands_on_the_page_of_its_family_and_in_the_list() -> None:
    for family, name in KINDS:
        assert f"\n## `{name}`\n" in PAGES[f"{family}.md"]
        assert f"| [`{name}`]({family}.md#{name}) | " in PAGES["README.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_attribute_field_and_kind_is_documented(page: str) -> None:
    rows = [line for line in PAGES[page].splitlines() if line.startswith("| ") and not line.startswith("| kind")]
    assert rows or page == "algorithms.md"
    for row in rows:
        cells = re.split(r"(?<!\\)\|", row)[1:-1]
        assert len(cells) == (2 if page == "README.md" else 4), row
        assert all(cell.strip() for cell in cells), f"no meaning: {row}"


@pytest.mark.parametrize(("family", "name"), KINDS)
def test_every_kind_says_what_it_does_and_where_that_is_from(family: str, name: str) -> None:
    kind = kinds.find(family, name)
    assert kind is not None
    assert len(kind.doc) > 40
    lines = kind.doc.splitlines()
    if family not in ("sources", "sinks"):  # a file format has no formula
        assert any(re.match(r"(\s*|.*; )Sources?: ", line) for line in lines), "say `Source: ...`"
    if family in ("layers", "metrics"):
        assert any(line.startswith("Shapes: ") for line in lines), "say `Shapes: inputs -> output`"


@pytest.mark.parametrize("page", PAGES)
def test_no_line_means_something_else_in_markdown(page: str) -> None:
    for line in PAGES[page].splitlines():
        if line.startswith(("    ", "|", "#", "<!--", "* ")):
            continue
        assert not re.match(r"\s*([-+>=]\s|\d+[.)]\s|[=-]+$)", line), line
        bare = re.sub(r"`[^`]*`", "", line)
        assert not re.search(r"<[a-zA-Z/!]", bare), line
        assert page == "README.md" or "](" not in bare, line
        assert bare.count("`") == 0, line


def test_defaults_are_shown_as_a_program_writes_them() -> None:
    assert "| `epsilon` | a number above 0 | `1e-8` |" in reference_page("updaters")
    assert "    warmup_cosine(peak, warmup, total, final = 0)\n" in reference_page("schedules")
    assert "    piecewise(points, ...)\n" in reference_page("schedules")
    assert "| `nesterov` | `true` or `false` | `false` |" in reference_page("updaters")
    assert "| `base` | a number of at least 0 | required |" in reference_page("schedules")


def test_without_a_folder_it_says_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "singalang_compiler.reference FOLDER" in capsys.readouterr().err
