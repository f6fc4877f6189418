"""E0908: a start that fits nothing."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0908")
class StartFitsNothing(Facts, frozen=True):
    """A train section starts from a checkpoint by name: a parameter is taken over where name and shape are the same. Here not
    one is, so the start would have no effect.

    Cause:
        The checkpoint is of another net, or layers have other names there.

    Cure:
        Give layers the same labels in both programs, or leave `start` out.
    """

    CODE: ClassVar[str]
    section: str
    path: str
    differences: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"no parameter of train section `{self.section}` is in its `start`",
            None,
            where=f"{self.path}: {'; '.join(self.differences[:5])}",
            hint="give layers the same labels in both programs, or leave `start` out",
        )
