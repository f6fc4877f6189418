"""Lists that people keep by hand name what there is, and the house rules that a machine can check are kept."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

import singalang
from singalang.cli import _singa

ROOT = Path(__file__).parents[1]
PACKAGES = (
    ROOT / "singalang",
    ROOT / "grammar/singalang_grammar",
    ROOT / "compiler/singalang_compiler",
    ROOT / "runtime/singalang_runtime",
)
MODULES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
CODES = sorted(path for path in MODULES if path.parent.name == "codes" and path.name != "__init__.py")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))
PROSE = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted((ROOT / "docs").glob("*.md"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def pyproject() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 150 and len(CODES) > 100 and len(TARGETS) >= 9


def test_scripts_and_entry_points_can_be_loaded() -> None:
    found = [point for group in ("console_scripts", "pygments.lexers") for point in entry_points(group=group)]
    ours = {point.name: point.load() for point in found if point.value.startswith("singalang")}
    assert set(ours) == {"singac", "singa"} | ({"singa"} & set(ours)) and all(map(callable, ours.values()))
    project = pyproject()["project"]
    assert isinstance(project, dict) and set(project["scripts"]) == {"singac", "singa"}


def test_make_alone_lists_every_target() -> None:
    told = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = {line.split()[0] + " " + line.split()[1] for line in told.splitlines()}
    assert listed == {f"make {target}" for target in TARGETS}
    [phony] = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert set(phony.split()) == TARGETS


def test_the_makefile_starts_only_what_there_is() -> None:
    for module in re.findall(r"python -m ([\w.]+)", MAKEFILE):
        assert find_spec(module) is not None, module
    for program in set(re.findall(r"\$\(BIN\)/([\w-]+)", MAKEFILE)):
        assert Path(sys.executable).with_name(program).exists(), program
    for path in re.findall(r"examples/\w+\.singa", MAKEFILE):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", PROSE, ids=relative)
def test_prose_names_only_commands_and_targets_that_there_are(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    commands = set(_singa.list_commands(None))  # type: ignore[arg-type]
    for name in re.findall(r"(?:^|[`$] ?)singa ([a-z]+)", text, re.MULTILINE):
        assert name in commands, name
    for name in re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE):
        assert name in TARGETS, name
    for name in re.findall(r"`pytest (--\w+)`", text):
        assert name == "--update"


def test_the_facade_is_what_the_page_on_own_kinds_lists() -> None:
    exported = {name for name, value in vars(singalang).items() if not name.startswith("_") and not is_module(value)}
    page = (ROOT / "docs/own_kinds.md").read_text(encoding="utf-8")
    listed = re.search(r"All names: (.*?)\.\n", page, re.DOTALL)
    assert listed is not None
    assert set(re.findall(r"`(\w+)`", listed[1])) == exported


def is_module(value: object) -> bool:
    return isinstance(value, type(singalang))


@pytest.mark.parametrize("package", PACKAGES, ids=relative)
def test_no_module_has_more_than_400_lines(package: Path) -> None:
    long = {relative(path): count for path in package.rglob("*.py") if (count := len(path.read_bytes().splitlines())) > 400}
    words = {"grammar/singalang_grammar/editors/pygments_words.py"}  # made by a program
    assert not set(long) - words


def test_no_module_is_called_after_nothing() -> None:
    assert not [relative(path) for path in MODULES if path.stem in ("utils", "util", "helpers", "common", "misc", "base")]


def test_inner_init_files_hold_one_docstring() -> None:
    for path in MODULES:
        if path.name == "__init__.py" and path.parent != ROOT / "singalang":
            body = ast.parse(path.read_text(encoding="utf-8")).body
            assert all(isinstance(part, ast.Expr) for part in body) and len(body) == 1, relative(path)


def test_every_module_says_what_it_is() -> None:
    assert not [relative(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]


@pytest.mark.parametrize("path", CODES, ids=relative)
def test_the_file_of_a_code_is_named_after_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    marked = re.findall(r'^@code\("(E\d{4})"\)$', text, re.MULTILINE)
    assert marked == [path.stem[:5].upper()] and re.fullmatch(r"e\d{4}_[a-z0-9_]+", path.stem)
    assert text.startswith(f'"""{marked[0]}: ')


def test_no_code_number_is_given_twice_and_each_lies_in_its_room() -> None:
    numbers = [path.stem[:5] for path in CODES]
    assert len(numbers) == len(set(numbers))
    for path in CODES:
        room = path.relative_to(ROOT).parts[0]
        family = path.stem[:3]
        wanted = {"grammar": ("e00",), "compiler": ("e01", "e02", "e03", "e04", "e05"), "runtime": ("e06", "e07", "e08", "e09")}[
            room
        ]
        assert family in wanted or path.stem == "e0790_plan_not_written", relative(path)


def test_no_file_holds_a_path_of_a_machine() -> None:
    files = [path for root in ("examples", "tests", "docs", "benchmarks") for path in (ROOT / root).rglob("*") if path.is_file()]
    texts = [path for path in (*MODULES, *PROSE, *files) if path.suffix in (".py", ".md", ".txt", ".json", ".singa", ".conf")]
    pattern = re.compile(rf"{re.escape(str(ROOT))}|/(?:root|home/\w+|Users/\w+)/")
    held = [relative(path) for path in texts if pattern.search(path.read_text(encoding="utf-8", errors="replace"))]
    assert [name for name in held if name != "tests/test_lists.py"] == []


def test_every_pinned_package_is_pinned_once_and_plainly() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    names = [line.partition("==")[0].lower().replace("_", "-") for line in lines]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines) and len(names) == len(set(names))
    project = pyproject()["project"]
    assert isinstance(project, dict)
    extras = project["optional-dependencies"]
    wanted = {re.split(r"[<>=]", need)[0].lower() for need in (*project["dependencies"], *extras["dev"], *extras["bench"])}
    assert wanted <= set(names)


@pytest.mark.slow
def test_imports_run_one_way() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout
