"""E0707: kernels made by another version of JAX."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0707")
class KernelVersion(Facts, frozen=True):
    """JAX reads the kernels of its own version and of versions a few months older. It promises nothing for older ones, nor for
    kernels newer than itself.

    Cause:
        The plan was compiled with another JAX than the one installed here.

    Cure:
        Compile the program again here, or install the JAX version that the plan names.
    """

    CODE: ClassVar[str]
    path: str
    made: str
    here: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"the kernels were made by JAX {self.made}, which JAX {self.here} does not read",
            None,
            where=self.path,
            hint=f"compile the program again, or install `jax=={self.made}`",
        )
