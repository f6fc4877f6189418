"""Whether data are still those that a run began with. Knows no format."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from singalang_grammar.diagnostics import Diagnostic
from singalang_runtime.codes.e0608_changed_data import ChangedData

_ENDS = 1 << 20


class FilePrint(msgspec.Struct, frozen=True, kw_only=True):
    """A file: its path as the user wrote it, its size, and the SHA-256 of its first and its last MiB."""

    path: str
    bytes: int
    sha256: str


class SourcePrint(msgspec.Struct, frozen=True, kw_only=True):
    """A source: its number of records and its files."""

    records: int
    files: tuple[FilePrint, ...] = ()


Fingerprint: TypeAlias = dict[str, SourcePrint]
"""By `data.phase`, and by `data.field.mean` and `data.field.std` where these are files. Goes to and from JSON with msgspec."""


def print_of(folder: Path, records: int, paths: tuple[str, ...]) -> SourcePrint:
    """The print of a source; a folder among its paths stands for the files in it."""
    files = []
    for path in paths:
        found = folder / path
        inside = sorted(entry for entry in found.iterdir() if entry.is_file()) if found.is_dir() else []
        for name, file in [(f"{path}/{entry.name}", entry) for entry in inside] or [(path, found)]:
            size, digest = _ends(file)
            files.append(FilePrint(path=name, bytes=size, sha256=digest))
    return SourcePrint(records=records, files=tuple(files))


def changed(before: Mapping[str, SourcePrint], now: Mapping[str, SourcePrint]) -> tuple[Diagnostic, ...]:
    """What is no longer as it was when the run began, for the sources that both know; none if all is."""
    found: list[Diagnostic] = []
    for name in sorted(before.keys() & now.keys()):
        old, new = before[name], now[name]
        if old == new:
            continue
        if old.records != new.records:
            found.append(ChangedData(name, f"{new.records} records instead of {old.records}").diagnostic())
        else:
            others = set(old.files) ^ set(new.files)
            paths = sorted({file.path for file in others})
            found.append(ChangedData(name, "another content of " + ", ".join(f"`{path}`" for path in paths)).diagnostic())
    return tuple(found)


def _ends(path: Path) -> tuple[int, str]:
    """Size of a file, and the hash of its first and its last MiB; of a file that cannot be read, nothing."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            digest.update(stream.read(_ENDS))
            if size > _ENDS:
                stream.seek(max(_ENDS, size - _ENDS))
                digest.update(stream.read(_ENDS))
    except OSError:
        return 0, ""
    return size, digest.hexdigest()
