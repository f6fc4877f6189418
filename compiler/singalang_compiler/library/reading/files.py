"""Files as sources find and read them, gzip or not. Knows no format beyond gzip."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

from singalang_compiler.library.contract import SourceError
from singalang_grammar.diagnostics import did_you_mean

_GZIP = b"\x1f\x8b"


def find_file(folder: Path, path: str, inside: str | None = None) -> Path:
    """The file that a user calls `path`, which lies under `folder` where it is relative.

    `inside` is the name of the file to take where `path` is a folder. Raises SourceError (`missing`).
    """
    found = folder / path
    try:
        if inside is not None and found.is_dir():
            return find_file(found, inside)
        if found.is_file():
            return found
        text = f"`{path}` is a folder, not a file" if found.is_dir() else f"there is no file `{path}`"
    except (OSError, ValueError):  # a name too long, or one that no file can have
        text = f"there is no file `{path}`"
    raise SourceError("missing", text, where=path, hint=_near(folder, path))


def read_whole(folder: Path, path: str) -> bytes:
    """The content of a file, unpacked where it is gzip. Raises SourceError (`missing`, `corrupt`)."""
    found = find_file(folder, path)
    try:
        content = found.read_bytes()
    except OSError as fault:
        raise unreadable(path, fault) from None
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except EOFError:
        raise SourceError("corrupt", "the gzip file ends too early", where=path, hint="copy the file again") from None
    except (OSError, zlib.error, struct.error):
        raise SourceError("corrupt", "the gzip file is damaged", where=path, hint="copy the file again") from None


def unreadable(path: str, fault: OSError) -> SourceError:
    """What to raise for a file that is there but cannot be read."""
    return SourceError("missing", f"`{path}` cannot be read: {(fault.strerror or str(fault)).lower()}", where=path)


def _near(folder: Path, path: str) -> str | None:
    wanted = folder / path
    try:
        if wanted.parent.is_dir():
            beside = [str(Path(path).with_name(entry.name)) for entry in wanted.parent.iterdir() if entry.is_file()]
            return did_you_mean(path, beside)
    except (OSError, ValueError):
        return None
    parent = Path(path).parent
    return f"there is no folder `{parent}` either; data files are looked for under `--data`, by default the current folder"
