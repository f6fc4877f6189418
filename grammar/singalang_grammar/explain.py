"""Looks up codes by their number, and reads what they say of themselves. Knows no code by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from inspect import cleandoc
from pathlib import Path

_FILE = re.compile(r"(e\d{4})_\w+\.py")
_PARTS = re.compile(r"^(Wrong|Right|Cause|Cure):[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code's docstring says: `wrong` and `right` are programs, `cause` and `cure` are prose; those not there are None."""

    prose: str
    wrong: str | None = None
    right: str | None = None
    cause: str | None = None
    cure: str | None = None


def all_codes(packages: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Number and title of every code in the `codes` folders of these packages, in order."""
    return tuple(sorted((path.name[:5].upper(), _title(path)) for package in packages for path in _files(package)))


def find_code(number: str, packages: tuple[str, ...]) -> type | None:
    """The class of a code such as `E0201`; None if there is no such code. Only the file of that code is imported."""
    prefix = number.lower() + "_"
    for package in packages:
        for path in _files(package):
            if path.name.startswith(prefix):
                module = import_module(f"{package}.codes.{path.stem}")
                found: type = next(one for one in vars(module).values() if getattr(one, "CODE", None) == number.upper())
                return found
    return None


def parts_of(code: type) -> Explanation:
    """The docstring of a code, taken apart."""
    pieces = _PARTS.split(cleandoc(code.__doc__ or ""))
    parts = {name.lower(): cleandoc("\n" + text).strip("\n") for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}
    return Explanation(pieces[0].strip(), parts.get("wrong"), parts.get("right"), parts.get("cause"), parts.get("cure"))


def _files(package: str) -> Iterator[Path]:
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        codes = Path(folder) / "codes"
        if codes.is_dir():
            yield from (path for path in sorted(codes.iterdir()) if _FILE.fullmatch(path.name))


def _title(path: Path) -> str:
    """The first line of a file says it, after the number: it is read as text, so that listing imports nothing."""
    with path.open(encoding="utf-8") as file:
        return file.readline().strip().strip('"').partition(":")[2].strip().rstrip(".")
