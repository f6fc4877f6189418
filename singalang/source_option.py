"""A source given on the command line, in the language's own words: `csv("new.csv")`."""

from __future__ import annotations

import msgspec

from singalang_compiler.pipeline import Request, run
from singalang_compiler.plan import KindRecord
from singalang_grammar.diagnostics import Outcome, Severity
from singalang_grammar.parse.parser import parse_expression
from singalang_grammar.source import Source
from singalang_grammar.tree import Call

_NAME = "--data"


def read_source_option(text: str | None) -> Outcome[KindRecord] | None:
    """The source that a text names, checked as a program's is; None for no text.

    Its `batch` may be left out: predictions come in batches of the plan's own size.
    """
    if text is None:
        return None
    parsed = parse_expression(Source(_NAME, text))
    if parsed.failed or parsed.value is None:
        return Outcome(None, parsed.diagnostics)
    call = parsed.value
    if isinstance(call, Call) and not any(argument.name and argument.name.text == "batch" for argument in call.arguments):
        comma = ", " if call.arguments else ""
        text = text.rstrip().removesuffix(")").rstrip().rstrip(",") + f"{comma}batch = 1)"
    program = f"data given {{ x: f32[1], test = {text} }}"
    outcome = run(Request(_NAME, check=True, read=lambda path: Outcome(Source(path, program))), "resolve")
    faults = tuple(fault for fault in outcome.diagnostics if fault.severity is Severity.ERROR)
    if faults or outcome.value is None:
        return Outcome(None, faults)
    configured = outcome.value.data["given"].sources["test"].source
    return Outcome(KindRecord(kind=configured.name, attributes=msgspec.to_builtins(dict(configured.attributes))))
