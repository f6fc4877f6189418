"""What `resolve` is asked for, besides the program: settings, the topology, and a way to read other files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from singalang_grammar.diagnostics import Outcome
from singalang_grammar.source import Source


def read_from_disk(path: str) -> Outcome[Source]:
    """A text file of this machine; imported when first asked for, so that tests need no disk."""
    from singalang_grammar.read import read_source

    return read_source(path)


@dataclass(frozen=True)
class Request:
    """How a program is to be resolved.

    `settings` are what was said with `--set`, each `key=value` as typed; `topology` is what was said with `--topology`.
    `run_python` says whether Python imports are run (compiling) or only read (checking). `read` opens an imported file; it
    is given `beside(importing file, path as written)`.
    """

    settings: tuple[str, ...] = ()
    topology: str | None = None
    run_python: bool = False
    read: Callable[[str], Outcome[Source]] = read_from_disk


def beside(importer: str, path: str) -> str:
    """The path of a file that is named relative to the file that imports it."""
    return str(PurePath(importer).parent / path)
