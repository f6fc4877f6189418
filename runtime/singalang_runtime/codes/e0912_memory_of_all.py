"""E0912: too little memory for all processes."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error, warning


@code("E0912")
class MemoryOfAll(Facts, frozen=True):
    """The processes of the plan are predicted to need more memory together than is free now, or than the machine has at all. In
    the first case it is tried all the same, since other programs may let go of theirs; in the second the system would end one of
    the processes before the run is over.

    Cause:
        The plan was made for a machine with more memory, or other programs use it. Every process holds Python and JAX besides what
        the plan predicts.

    Cure:
        Take fewer processes or a smaller `batch`, or close other programs. `partition = feature` halves what two workers hold.
    """

    CODE: ClassVar[str]
    path: str
    needed: tuple[tuple[str, int], ...]  # bytes of each process, the interpreter's own included
    free_bytes: int
    all_bytes: int

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        total = sum(count for _, count in self.needed)
        hopeless = total > self.all_bytes
        has = f"the machine has {_gigabytes(self.all_bytes)}" if hopeless else f"{_gigabytes(self.free_bytes)} are free"
        return (error if hopeless else warning)(
            self,
            f"the {len(self.needed)} processes may need {_gigabytes(total)} of memory in all, and {has}",
            None,
            where=f"{self.path}: {', '.join(f'{name} {_gigabytes(count)}' for name, count in self._largest())}",
            hint="take fewer processes or a smaller `batch`",
        )

    def _largest(self) -> tuple[tuple[str, int], ...]:
        return tuple(sorted(self.needed, key=lambda one: -one[1])[:4])


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e8 else f"{count / 1e9:,.2g} GB"
