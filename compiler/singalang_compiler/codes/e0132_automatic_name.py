"""E0132: a layer named by its automatic name."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, warning
from singalang_grammar.source import Span


@code("E0132")
class AutomaticName(Facts, frozen=True):
    """Layers without a label get names such as `relu2`. The number counts layers, so putting in another one moves it, and a
    reference would then silently mean another layer. This is a warning.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(8) -> relu -> dense(3) }
        topology two { workers = groups(1, size = 2), on dense1 { partition = feature } }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> wide: dense(8) -> relu -> dense(3) }
        topology two { workers = groups(1, size = 2), on wide { partition = feature } }
    """

    CODE: ClassVar[str]
    name: str
    span: Span
    defined: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return warning(
            self,
            f"`{self.name}` is a name that was made, not given",
            Label(self.span, "it moves when a layer is put in before it"),
            Label(self.defined, "this layer has no label"),
            hint="label the layer: `-> label: ...`, and refer to the label",
        )
