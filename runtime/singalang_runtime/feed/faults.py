"""Data that turn out to be broken: from what a source raises to the code that explains it."""

from __future__ import annotations

from collections.abc import Callable

from singalang_compiler.library.contract import SourceError
from singalang_grammar.diagnostics import Diagnostic, HasCode
from singalang_runtime.codes.e0601_missing_data import MissingData
from singalang_runtime.codes.e0602_corrupt_data import CorruptData
from singalang_runtime.codes.e0603_record_shape import RecordShape
from singalang_runtime.codes.e0604_bad_value import BadValue
from singalang_runtime.codes.e0605_no_records import NoRecords
from singalang_runtime.codes.e0606_no_column import NoColumn

_CODES: dict[str, Callable[[str, str, str | None], HasCode]] = {
    "missing": MissingData,
    "corrupt": CorruptData,
    "shape": RecordShape,
    "value": BadValue,
    "empty": NoRecords,
    "column": NoColumn,
}


class BrokenData(Exception):
    """Data that were found broken while batches were made; raised to whoever wanted the batch, also from a thread."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.title)
        self.diagnostic = diagnostic


def explain(fault: SourceError) -> Diagnostic:
    """What a source raised, in words."""
    return _CODES[fault.problem](fault.text, fault.where, fault.hint).diagnostic()
