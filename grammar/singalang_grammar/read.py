"""Reads program files. The only place of this room that touches the disk for a user's file."""

from __future__ import annotations

import os
from pathlib import Path

from singalang_grammar.codes.e0030_missing_file import MissingFile
from singalang_grammar.codes.e0031_folder_as_file import FolderAsFile
from singalang_grammar.codes.e0032_not_utf8 import NotUtf8
from singalang_grammar.codes.e0033_too_large_file import TooLargeFile
from singalang_grammar.codes.e0034_unreadable_file import UnreadableFile
from singalang_grammar.diagnostics import Outcome, did_you_mean
from singalang_grammar.source import Source

SIZE_LIMIT = 16 * 2**20
"""Bytes of the largest program."""


def read_source(path: str | os.PathLike[str]) -> Outcome[Source]:
    """The text of a file, as it stands there (line ends are kept; a byte order mark is taken off)."""
    name = os.fspath(path)
    try:
        content = _content(name)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the name
        return Outcome(None, (MissingFile(name, _near(name)).diagnostic(),))
    except IsADirectoryError:
        return Outcome(None, (FolderAsFile(name).diagnostic(),))
    except OSError as fault:
        return Outcome(None, (UnreadableFile(name, (fault.strerror or "unknown reason").lower()).diagnostic(),))
    if len(content) > SIZE_LIMIT:
        return Outcome(None, (TooLargeFile(name, os.stat(name).st_size, SIZE_LIMIT).diagnostic(),))
    try:
        return Outcome(Source(name, content.decode("utf-8").removeprefix("\ufeff")))
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        return Outcome(None, (NotUtf8(name, line, fault.start, content[fault.start], utf16).diagnostic(),))


def _content(name: str) -> bytes:
    """At most one byte more than a program may have, so that a huge file, or a device without end, is not read whole."""
    if os.path.isdir(name):
        raise IsADirectoryError(name)
    with open(name, "rb") as file:
        return file.read(SIZE_LIMIT + 1)


def _near(name: str) -> str | None:
    """A file of the same folder whose name is much like this one."""
    folder = Path(name).parent
    try:
        others = [other.name for other in folder.iterdir() if other.suffix == ".singa"]
    except (OSError, ValueError):
        return None
    hint = did_you_mean(Path(name).name, others)
    return str(folder / hint.split("`")[1]) if hint else None
