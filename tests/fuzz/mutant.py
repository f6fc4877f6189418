"""What a mutation makes: a text, and where it differs from a program that was whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True, slots=True)
class Mutant:
    """`text` came from the program `origin` by `change`; `places` are the changed characters, counted in `text`."""

    origin: str
    change: str
    text: str
    places: tuple[tuple[int, int], ...] = ()

    def touches(self, start: int, end: int) -> bool:
        """Whether these characters are, hold, or stand right beside a changed place."""
        return any(start <= last and first <= end for first, last in self.places)


def example_texts() -> dict[str, str]:
    """The example programs by file name."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.singa"))}
