"""The committed editor files are what the generator writes, and they hold what their editors expect."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from singalang_compiler import job
from singalang_compiler.sections import schema
from singalang_grammar.editors.__main__ import CHECKOUT, WORDS, editor_files, main, words_text
from singalang_grammar.editors.vocabulary import PHASES, SECTIONS
from tests.grammar.editors.lark_tokens import ROOT


def test_regenerating_changes_nothing() -> None:
    assert words_text() == WORDS.read_text(encoding="utf-8"), "run python -m singalang_grammar.editors"
    for path, text in editor_files().items():
        assert (CHECKOUT / path).read_text(encoding="utf-8") == text, f"{path}: run python -m singalang_grammar.editors"


def test_nothing_lies_in_the_folder_that_is_not_generated() -> None:
    lying = {path.relative_to(CHECKOUT).as_posix() for path in CHECKOUT.rglob("*") if path.is_file()}
    assert lying == set(editor_files())


def test_the_command_writes_all_files_into_a_folder(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 0
    assert {path: (tmp_path / path).read_text(encoding="utf-8") for path in editor_files()} == editor_files()


def test_the_command_refuses_two_folders(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["a", "b"]) == 2
    assert "FOLDER" in capsys.readouterr().err


def test_the_extension_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert json.loads(editor_files()["vscode/package.json"])["version"] == project["version"]


def test_the_extension_names_files_that_exist() -> None:
    files = editor_files()
    contributes = json.loads(files["vscode/package.json"])["contributes"]
    named = [contributes["languages"][0]["configuration"], contributes["grammars"][0]["path"]]
    for path in named:
        json.loads(files[f"vscode/{path.removeprefix('./')}"])


def test_the_sections_and_phases_are_those_of_the_compiler() -> None:
    assert set(SECTIONS) == {*schema.SECTIONS, *(name for names in schema.NESTED.values() for name in names)}
    assert PHASES == job.PHASES
