"""What the grammar itself says of a text: its tokens by kind. Every editor's colours are compared with these."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lark import Lark, Token

from singalang_grammar.editors.vocabulary import GRAMMAR

ROOT = Path(__file__).parents[3]
STOPS = frozenset(",:.()[]{}")


@dataclass(frozen=True)
class KindOfText:
    """The characters `start` to `end` of a text are one token of this kind."""

    start: int
    end: int
    kind: str
    text: str


def kinds(text: str) -> list[KindOfText]:
    """The tokens and comments of a text in order, as Lark's basic lexer finds them."""
    found = list(_lark().lex(text))
    return sorted((_kind(token) for token in (*found, *_comments(text, found))), key=lambda kind: kind.start)


def programs() -> list[Path]:
    """Every program of the checkout: the examples and the golden ones."""
    return sorted([*(ROOT / "examples").glob("*.singa"), *(ROOT / "tests").glob("**/*.singa")])


TRICKY = """# "a string in a comment" 1 + 2
s = "a # comment in a string, \\"quoted\\" and \\\\" + ""
ranges = [1..4, 0.5..x, a.b..c.d, n .. m]
numbers = [1_000, 1e-3, 2.5E+7, .5, 64KiB, 10min, 25us, 10Gbps, 100k, 3x3, a.5]
android = format(onward = 1, iffy = true_ + none2, not_ = 4, _all = 5)
in_ = not a and b or c != d <= e >= f < g > h == i // j % k
train = data(net = 1, sample = 2)
net naïve { größe = x -> 変数: dense(10) -> _l2: relu->relu }
x->f->lbl:g -> if c{h}->for i in l{ lab: k(1)}
when not train, test { y = z -> when sample { w } }
on all, all conv, "layer*.up", fc6..fc8, a.b { partition=feature }
when   val   {  }
arg dir: str = "x" in ["x"]
import all from "x.singa"
import a, b from "y.py"
block (a, b,) -> two(k = 1,) { return a -> b }
t: class(10)[4] u : f32[3,4]
deep = a.b.c(d)[e](f).g
"""


@cache
def _lark() -> Lark:
    return Lark(GRAMMAR.read_text(encoding="utf-8"), parser="lalr", lexer="basic")


def _comments(text: str, found: list[Token]) -> list[Token]:
    """Comments stand only between tokens, so whatever follows a `#` there is one."""
    comments = []
    places = [0, *(token.end_pos or 0 for token in found)]
    ends = [*(token.start_pos or 0 for token in found), len(text)]
    for start, end in zip(places, ends, strict=True):
        offset = start
        for line in text[start:end].splitlines(keepends=True):
            if "#" in line:
                begin = offset + line.index("#")
                comments.append(Token("COMMENT", text[begin : offset + len(line)].rstrip("\n"), start_pos=begin))
            offset += len(line)
    return comments


def _kind(token: Token) -> KindOfText:
    start = token.start_pos or 0
    return KindOfText(start, start + len(token), _kind_name(token), str(token))


def _kind_name(token: Token) -> str:
    match token.type:
        case "NUMBER" | "STRING" | "COMMENT" | "NAME":
            return token.type.lower()
        case _ if token.isidentifier():
            return "keyword"
        case _ if token in STOPS:
            return "punctuation"
        case _:
            return "operator"
