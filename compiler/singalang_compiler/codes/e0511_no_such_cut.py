"""E0511: a partition that a layer does not have."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0511")
class NoSuchCut(Facts, frozen=True):
    """Every layer kind says in which ways it can be cut among workers. A rule that means a layer by name, by a range or by its
    kind asks for one of these. The default of the topology and rules for `all` are followed only where it is possible.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology two { workers = groups(1, size = 2), on loss { partition = feature } }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> h: dense(4) -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology two { workers = groups(1, size = 2), on h { partition = feature } }
    """

    CODE: ClassVar[str]
    layer: str
    kind: str
    wanted: str
    possible: tuple[str, ...]
    span: Span
    where: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        *others, last = (f"`{name}`" for name in (*self.possible, "none"))
        able = f"{', '.join(others)} or {last}" if others else last
        return error(
            self,
            f"`{self.kind}` cannot be cut by {self.wanted}",
            Label(self.span, f"asked for `{self.layer}`"),
            Label(self.where, f"`{self.layer}` is a `{self.kind}`"),
            hint=f"a `{self.kind}` here takes {able}",
        )
