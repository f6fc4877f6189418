"""Vim's colours agree with the grammar's own tokens, asked of vim itself; skipped where there is no vim."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from singalang_grammar.editors.__main__ import CHECKOUT
from tests.grammar.editors.lark_tokens import TRICKY, kinds, programs

VIM = shutil.which("vim")
pytestmark = pytest.mark.skipif(VIM is None, reason="vim is not installed")

KINDS = {
    "Comment": "comment",
    "Todo": "comment",
    "String": "string",
    "Escape": "string",
    "Number": "number",
    "Constant": "keyword",
    "Logical": "keyword",
    "Declaring": "keyword",
    "Control": "keyword",
    "Operator": "operator",
    "Punctuation": "punctuation",
}

SCRIPT = """
set nocompatible encoding=utf-8 fileencodings=utf-8 nomore
let &runtimepath = $SINGA_VIM . "," . &runtimepath
filetype plugin on
syntax on
let report = []
for file in argv()
  execute "edit " . fnameescape(file)
  call add(report, "file " . &filetype . " " . &commentstring)
  for g:row in range(1, line("$"))
    let names = map(range(1, len(getline(g:row))), {_, column -> synIDattr(synID(g:row, column, 0), "name")})
    call add(report, join(map(names, {_, name -> name == "" ? "-" : name})))
  endfor
endfor
call writefile(report, $SINGA_REPORT)
qall!
"""


def test_colours_of_every_program_agree_with_its_tokens(tmp_path: Path) -> None:
    tricky = tmp_path / "tricky.singa"
    tricky.write_text(TRICKY, encoding="utf-8")
    files = [*programs(), tricky]
    reports = ask_vim(tmp_path, files)
    for file, (head, groups) in zip(files, reports, strict=True):
        assert head == "file singa # %s"
        assert disagreements(file.read_text(encoding="utf-8"), groups) == [], file.name


def ask_vim(folder: Path, files: list[Path]) -> list[tuple[str, list[list[str]]]]:
    """For each file a line about its buffer, and for each of its lines the syntax group of each byte."""
    assert VIM is not None
    script, report = folder / "ask.vim", folder / "report"
    script.write_text(SCRIPT, encoding="utf-8")
    environment = {"SINGA_VIM": str(CHECKOUT / "vim"), "SINGA_REPORT": str(report), "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    command = [VIM, "-u", "NONE", "-i", "NONE", "-n", "-es", "-S", str(script), *map(str, files)]
    subprocess.run(command, env=environment, check=True, timeout=120, stdin=subprocess.DEVNULL)
    reports: list[tuple[str, list[list[str]]]] = []
    for line in report.read_text(encoding="utf-8").split("\n")[:-1]:
        if line.startswith("file "):
            reports.append((line, []))
        else:
            reports[-1][1].append(line.split())
    return reports


def disagreements(text: str, groups: list[list[str]]) -> list[tuple[str, str, str]]:
    """(token, its kind in the grammar, vim's group) wherever the two differ."""
    wrong = []
    for token in kinds(text):
        line = text.count("\n", 0, token.start)
        begin = text.rfind("\n", 0, token.start) + 1
        column = len(text[begin : token.start].encode())
        found = groups[line][column : column + len(token.text.encode())]
        if {KINDS.get(group.removeprefix("singa"), "name") for group in found} != {token.kind}:
            wrong.append((token.text, token.kind, str(found)))
    return wrong
