"""Files as sources find and read them, gzip or not. Knows no format beyond gzip."""

from __future__ import annotations

import gzip
import struct
import zlib
from difflib import get_close_matches
from pathlib import Path

from singalang_compiler.library.contract import SourceError

_GZIP = b"\x1f\x8b"


def find_file(folder: Path, path: str, inside: str | None = None) -> Path:
    """The file that a user calls `path`, which lies under `folder` where it is relative.

    `inside` is the name of the file to take where `path` is a folder. Raises SourceError (`missing`).
    """
    found = folder / path
    try:
        if inside is not None and found.is_dir():
            return find_file(folder, f"{path.rstrip('/')}/{inside}")
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
    """A hint: a file of a like name in the same folder, else where files are looked for."""
    wanted = folder / path
    nowhere = "relative paths are looked for under `--data`, by default the current folder"
    try:
        if not wanted.parent.is_dir():
            return f"there is no folder `{wanted.parent}` either; {nowhere}"
        close = get_close_matches(wanted.name, sorted(entry.name for entry in wanted.parent.iterdir() if entry.is_file()), 1, 0.6)
    except (OSError, ValueError):
        return None
    return f"did you mean `{Path(path).with_name(close[0])}`?" if close else nowhere
