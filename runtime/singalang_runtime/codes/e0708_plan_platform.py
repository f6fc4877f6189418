"""E0708: a plan for another platform."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0708")
class PlanPlatform(Facts, frozen=True):
    """Kernels are made for the platforms that were named when the program was compiled, and this machine's is not among them.

    Cause:
        The plan was compiled for another kind of device than JAX finds here.

    Cure:
        Compile for this platform too, such as `singac model.singa --platforms cpu,cuda`.
    """

    CODE: ClassVar[str]
    path: str
    platforms: tuple[str, ...]
    here: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"the plan is for {' and '.join(self.platforms)}, and JAX runs on {self.here} here",
            None,
            where=self.path,
            hint=f"compile with `singac --platforms {','.join((*self.platforms, self.here))}`",
        )
