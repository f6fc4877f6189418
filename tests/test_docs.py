"""The README and the prose in `docs/` are true: commands work as printed, printed output is real, links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/design.md",
    "docs/own_kinds.md",
    "docs/data.md",
    "docs/cost-model.md",
    "docs/processes.md",
    "docs/reference/README.md",
]
MEASURED = ("singa exec", "singa test", "singa runs")
"""Commands whose numbers differ from machine to machine; and those of `singa runs` hold dates."""
PROGRESS = re.compile(r"step \d+  (?!test|val).* records/s$")
"""How far a run is: told every few seconds, so only where the machine is slow."""


def fences(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Typed:
    """A command, and what stands below it."""

    line: str
    output: list[str]


def typed(block: str) -> list[Typed]:
    found: list[Typed] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append(Typed(line[2:], []))
        else:
            found[-1].output.append(line)
    return found


def run(line: str, folder: Path) -> tuple[int, list[str]]:
    """What a person sees who types a line: both streams, blanks at the ends of lines left out."""
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    env |= {"PATH": path, "XDG_CACHE_HOME": str(folder / "cache"), "COLUMNS": "80"}
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, [row.rstrip() for row in done.stdout.rstrip("\n").split("\n")]


def without_numbers(row: str) -> str:
    return re.sub(r" +", " ", re.sub(r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b|\b\d[\d.,]*[kMG]?%?", "N", row))


def matches(printed: list[str], real: list[str]) -> bool:
    """Whether printed rows are the real ones; a row `...` stands for any."""
    pattern = "\n".join("*" if row == "..." else row.replace("[", "[[]") for row in printed)
    return fnmatch("\n".join(real), pattern)


@pytest.fixture(scope="module")
def readme_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the programs of the README, in which its commands are typed in their order."""
    folder = tmp_path_factory.mktemp("readme")
    for name, program in zip(("first", "two"), fences("README.md", "singa"), strict=True):
        (folder / f"{name}.singa").write_text(program, encoding="utf-8")
    return folder


@pytest.mark.slow
def test_the_commands_of_the_readme_print_what_it_says(readme_folder: Path) -> None:
    steps = [step for block in fences("README.md", "console") for step in typed(block)]
    assert len(steps) >= 8
    for step in steps:
        code, real = run(step.line, readme_folder)
        printed, seen = step.output, real
        if step.line.startswith(MEASURED):
            told = [row for row in real if not PROGRESS.match(row)]
            printed, seen = list(map(without_numbers, printed)), list(map(without_numbers, told))
        assert matches(printed or [""], seen), f"$ {step.line}\n" + "\n".join(real)
        assert code == int(any(row.startswith("error[") for row in step.output))
    commands = [line for block in fences("README.md", "sh") for line in block.splitlines() if line.startswith("singa")]
    assert len(commands) >= 6
    for line in commands:
        code, real = run(line, readme_folder)
        assert code == 0, f"$ {line}\n" + "\n".join(real)


def test_a_row_of_dots_stands_for_any_rows_and_nothing_else_does() -> None:
    assert matches(["a [1]", "...", "z"], ["a [1]", "b", "c", "z"])
    assert not matches(["a", "z"], ["a", "b", "z"])
    assert not matches(["a [1]"], ["a 1"])
    assert without_numbers("step 250  loss 0.1150  accuracy 96.9%") == "step N loss N accuracy N"


@pytest.mark.slow
def test_a_kind_of_ones_own_is_written_as_the_page_says(tmp_path: Path) -> None:
    [python], [program] = fences("docs/own_kinds.md", "python"), fences("docs/own_kinds.md", "singa")
    (tmp_path / "mine.py").write_text(python, encoding="utf-8")
    (tmp_path / "own.singa").write_text(program, encoding="utf-8")
    for line in ("singa fmt --check own.singa", "singac own.singa --check", "singac own.singa", "singa exec plan.json"):
        code, real = run(line, tmp_path)
        assert code == 0, f"$ {line}\n" + "\n".join(real)
    assert "finished at step 200" in real[-1]
    (tmp_path / "own.singa").write_text(program.replace("digits.image\n    -> gate", "digits.image\n    -> flatten -> gate"))
    (tmp_path / "wrong.singa").write_text(program.replace("f32[64]", "f32[8, 8]"))
    code, real = run("singac wrong.singa", tmp_path)
    assert (
        code == 1 and any("needs [n], not [8, 8]" in row for row in real) and any("put `flatten` before it" in row for row in real)
    )


def test_the_programs_of_the_pages_are_laid_out_canonically() -> None:
    from singalang_grammar.format.program import format_program
    from singalang_grammar.parse.parser import parse
    from singalang_grammar.source import Source

    for page in ("README.md", "docs/own_kinds.md"):
        for text in fences(page, "singa"):
            parsed = parse(Source(page, text))
            assert parsed.value is not None and not parsed.diagnostics
            assert format_program(parsed.value) == text


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    for link in links:
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        if anchor:
            assert f"## `{anchor}`" in target.read_text(encoding="utf-8"), link
