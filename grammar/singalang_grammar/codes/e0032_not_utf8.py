"""E0032: a file that is not UTF-8."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0032")
class NotUtf8(Facts, frozen=True):
    """Programs are text in UTF-8. The file holds a byte that cannot be part of such a text.

    Cause:
        The file was saved in another encoding (Latin-1, UTF-16), or is no text at all.

    Cure:
        Save it again as UTF-8.
    """

    CODE: ClassVar[str]
    path: str
    line: int
    offset: int
    byte: int
    utf16: bool = False

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        title = f"`{self.path}` is not UTF-8 text: byte 0x{self.byte:02x} at offset {self.offset}"
        hint = "it seems to be UTF-16: save it as UTF-8" if self.utf16 else "save it as UTF-8"
        return error(self, title, None, hint=hint, where=f"{self.path}, line {self.line}")
