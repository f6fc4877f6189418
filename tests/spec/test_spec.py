"""The language reference is true: every program in it is compiled and answers as its comments say."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from singalang_compiler import pipeline
from singalang_grammar.diagnostics import Diagnostic, Outcome
from tests.spec.page import MAIN, OUTSIDE, Expected, Fence, read_page

INDEX = Path(__file__).parent / "README.md"
PAGES = sorted(set(Path(__file__).parent.glob("*.md")) - {INDEX})
FENCES = [fence for page in PAGES for fence in read_page(page)]


@pytest.mark.parametrize("fence", FENCES, ids=lambda fence: f"{fence.page}:{fence.line}")
def test_a_program_of_the_reference_answers_as_it_says(fence: Fence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = compile_fence(fence)
    found = {_place(fence.files, diagnostic): _words(diagnostic) for diagnostic in outcome.diagnostics}
    assert set(found) == set(fence.expected), "\n".join(f"{place}: {words}" for place, words in found.items())
    for expected in fence.expected:
        assert expected.words in found[expected], expected
    for what, fact in fence.facts:
        _check_fact(outcome.value, what, fact)


def test_every_page_has_programs_right_and_wrong() -> None:
    assert len(PAGES) >= 15
    for page in PAGES:
        fences = read_page(page)
        assert any(fence.expected for fence in fences), page.name
        assert any(not fence.expected for fence in fences), page.name


def test_the_index_names_every_page() -> None:
    text = INDEX.read_text(encoding="utf-8")
    assert [page.name for page in PAGES if f"({page.name})" not in text] == []


def test_an_unexpected_answer_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n\n```singa\na = b  # error: [E0999]\n```\n", encoding="utf-8")
    (fence,) = read_page(page)
    assert fence.line == 4
    assert fence.expected == (Expected(MAIN, 1, "error", "E0999"),)
    with pytest.raises(AssertionError):
        test_a_program_of_the_reference_answers_as_it_says(fence, tmp_path, monkeypatch)


def compile_fence(fence: Fence) -> Outcome[Any]:
    """Checks a program as `singac --check` does, its files written into the current folder."""
    for name, text in fence.files.items():
        Path(name).write_text(text, encoding="utf-8")
    topology = next(iter(fence.options.get("topology", ())), None)
    request = pipeline.Request(MAIN, settings=fence.options.get("set", ()), topology=topology, check=True)
    return pipeline.check(request)


def _place(files: Collection[str], diagnostic: Diagnostic) -> Expected:
    """Where a diagnostic stands: a line of one of the files, or the options."""
    if diagnostic.primary is None:
        return Expected(diagnostic.where or "", 0, str(diagnostic.severity), diagnostic.code)
    source = diagnostic.primary.span.source
    line, _ = source.line_column(diagnostic.primary.span.start)
    return Expected(source.path if source.path in files else OUTSIDE, line, str(diagnostic.severity), diagnostic.code)


def _words(diagnostic: Diagnostic) -> str:
    labels = [label.text for label in (diagnostic.primary, *diagnostic.secondary) if label]
    return " | ".join([diagnostic.title, *labels, diagnostic.hint or ""])


def _check_fact(placed: Any, what: str, fact: str) -> None:
    shaped = placed.shaped
    nodes = [node for net in shaped.nets.values() for phase in net.phases.values() for node in phase]
    match what:
        case "layers":
            (net,) = shaped.nets.values()
            names = [node.name for node in net.net.graph.in_order if node.kind != "field"]
            assert sorted(names) == sorted(name.strip() for name in fact.split(",")), names
        case "shape":
            name, _, shape = fact.partition(" ")
            found = {str(node.spec) for node in nodes if node.node.name == name}
            assert found == {shape}, f"{name} has {found}; there are {sorted({node.node.name for node in nodes})}"
        case _:
            name, _, shape = fact.partition(" ")
            assert name in shaped.parameters, sorted(shaped.parameters)
            assert str(list(shaped.parameters[name].shape)) == shape
