"""A 10,000-layer net to `Placed`, against the time that Lark alone needs to parse it; whether it grows linearly; and 1,000 layers
on 1,024 workers, against our own parser on the same text."""

from __future__ import annotations

import gc
from time import perf_counter

from lark import Lark

from benchmarks.programs import RULES, layers, wide
from benchmarks.timing import Result, paired
from singalang_compiler.pipeline import Request, check
from singalang_grammar.diagnostics import Outcome
from singalang_grammar.editors.vocabulary import GRAMMAR
from singalang_grammar.parse.parser import parse
from singalang_grammar.source import Source


def _placed(text: str) -> float:
    request = Request("deep.singa", check=True, read=lambda path: Outcome(Source(path, text)))
    start = perf_counter()
    outcome = check(request)
    took = perf_counter() - start
    assert outcome.value is not None and not outcome.failed, outcome.diagnostics[:3]
    return took


def _read(text: str) -> float:
    start = perf_counter()
    outcome = parse(Source("wide.singa", text))
    took = perf_counter() - start
    assert outcome.value is not None and not outcome.failed
    return took


def _parsed(lark: Lark, text: str) -> float:
    gc.disable()  # as our own parser does: the collector makes Lark's time grow faster than the text
    start = perf_counter()
    lark.parse(text)
    took = perf_counter() - start
    gc.enable()
    return took


def measure(pairs: int) -> list[Result]:
    """Ratios: to Lark, of 10,000 layers to four times 2,500, and for each way to cut a net among many workers to our parser."""
    lark = Lark(GRAMMAR.read_text(encoding="utf-8"), parser="lalr", lexer="basic", propagate_positions=True)
    large, small = layers(10_000), layers(2_500)
    return [
        paired(
            "10,000 layers to Placed / Lark's parse", lambda: _placed(large), lambda: _parsed(lark, large), pairs, 10.0, unit="s"
        ),
        paired("10,000 layers / 4 x 2,500 layers", lambda: _placed(large), lambda: 4 * _placed(small), pairs, 1.25, unit="s"),
        *(_wide(way, wide(rules), pairs) for way, rules in RULES.items()),
    ]


def _wide(way: str, text: str, pairs: int) -> Result:
    name = f"1,000 layers on 1,024 workers, {way}, to Placed / parse"
    return paired(name, lambda: _placed(text), lambda: _read(text), pairs, 20.0, unit="s")
