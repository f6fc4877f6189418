"""E0591: a machine file that cannot be used."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0591")
class MachineFile(Facts, frozen=True):
    """The file given with `--machine` cannot be read, or does not describe a machine.

    Cause:
        The file is missing, is not JSON, or has a field that no machine has. The fields are `name`, `cores`,
        `matmul_flops_s`, `conv_flops_s`, `memory_bytes_s`, `memory_bytes` and `dispatch_s`.

    Cure:
        Mend the file, or leave `--machine` out: then the built-in reference machine is taken.
    """

    CODE: ClassVar[str]
    path: str
    fault: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        fault = self.fault if self.fault[1:2].isupper() else self.fault[:1].lower() + self.fault[1:]  # JSON stays JSON
        return error(
            self,
            "the machine file cannot be used",
            None,
            where=f"{self.path}: {fault}",
            hint="leave `--machine` out to compile for the built-in reference machine",
        )
