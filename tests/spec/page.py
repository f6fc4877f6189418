"""Reads a page of the language reference: prose with programs in it, whose comments say what the compiler must answer.

A program stands in a fence that begins with ```` ```singa ````. Options follow the word, parted by `;`:

    name: digits        other programs of the page may use this one
    uses: digits        the named program of this page stands after this one, unseen
    set: depth=32       a setting, as with `--set`
    topology: cluster   the chosen topology
    error: [E0503]      what must come of the options themselves
    fragment: yes       not compiled by itself

Comments in a program say what must come of it:

    # error: [E0201] "unknown layer"    on the line of the primary span; also `# warning:`
    # layers: fc1, relu1, out           the layers of the net, in the order of the way of the data
    # shape: fc1 [128]                  the output of a layer
    # parameter: fc1.weight [64, 128]   a parameter of the job
    # file: blocks.singa                from here on, another file beside this one
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MAIN = "main.singa"
OUTSIDE = "options"
"""Where a diagnostic stands that no file of the fence is to blame for."""
OPTIONS = ("name", "uses", "set", "topology", "error", "fragment")
_FENCE = re.compile(r"^```singa(?P<options>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FOUND = re.compile(r'#\s*(?P<severity>error|warning): \[(?P<code>E\d{4})\](?: "(?P<words>[^"]*)")?')
_FACT = re.compile(r"^\s*#\s*(?P<what>layers|shape|parameter): (?P<fact>.+)$", re.MULTILINE)
_FILE = re.compile(r"^# file: (?P<name>\S+)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Expected:
    """A diagnostic that must come: on this line of this file, `words` somewhere in its text."""

    file: str
    line: int
    severity: str
    code: str
    words: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Fence:
    """A program of a page: its files by name, how it is compiled, and what must come of it."""

    page: str
    line: int
    files: Mapping[str, str]
    options: Mapping[str, tuple[str, ...]]
    expected: tuple[Expected, ...]
    facts: tuple[tuple[str, str], ...]


def read_page(path: Path) -> tuple[Fence, ...]:
    """The programs of a page, in order."""
    page = path.read_text(encoding="utf-8")
    found = [(match, _options(match["options"])) for match in _FENCE.finditer(page)]
    named = {options["name"][0]: match["text"] for match, options in found if "name" in options}
    return tuple(_fence(path, page, match, options, named) for match, options in found if "fragment" not in options)


def _fence(path: Path, page: str, match: re.Match[str], options: Mapping[str, tuple[str, ...]], named: Mapping[str, str]) -> Fence:
    files = _files(match["text"])
    expected = tuple(found for name, text in files.items() for found in _expected(name, text))
    for said in options.get("error", ()):
        expected += tuple(
            Expected(OUTSIDE, 1, found.severity, found.code, found.words) for found in _expected(MAIN, f"# error: {said}")
        )
    for name in options.get("uses", ()):
        files[MAIN] += "\n" + named[name]
    facts = tuple((fact["what"], fact["fact"].strip()) for fact in _FACT.finditer(match["text"]))
    return Fence(path.stem, page.count("\n", 0, match.start("text")) + 1, files, options, expected, facts)


def _options(text: str) -> dict[str, tuple[str, ...]]:
    options: dict[str, tuple[str, ...]] = {}
    for option in filter(None, (part.strip() for part in text.split(";"))):
        name, colon, value = option.partition(":")
        assert colon and name in OPTIONS, f"an option that no fence has: {option}"
        options[name] = (*options.get(name, ()), value.strip())
    return options


def _files(text: str) -> dict[str, str]:
    """The files of a fence; a text before the first `# file:` is the main program."""
    parts = _FILE.split(text)
    return {MAIN: parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def _expected(name: str, text: str) -> list[Expected]:
    return [
        Expected(name, number, found["severity"], found["code"], found["words"] or "")
        for number, line in enumerate(text.split("\n"), 1)
        for found in _FOUND.finditer(line)
    ]
