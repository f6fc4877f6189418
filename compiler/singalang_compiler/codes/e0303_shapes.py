"""E0303: shapes that a layer cannot take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@dataclass(frozen=True, slots=True)
class Source:
    """One step of the derivation: a node, the shape it has, and where it stands."""

    name: str
    shape: str
    span: Span


@code("E0303")
class Shapes(Facts, frozen=True):
    """A layer cannot work with the shapes of its inputs.

    Shapes are those of one record, without the batch. The labels tell where each shape comes from.

    Wrong:
        data digits {
          image: f32[1, 8, 8]
          label: class(10)
          train = digits(batch = 64)
        }
        net n {
          main = digits.image -> c1: conv(8, 3, pad = 1, stride = 2)
          skip = digits.image -> c2: conv(8, 1)
          logits = (main + skip) -> fc: dense(10)
          loss = (logits, digits.label) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data digits {
          image: f32[1, 8, 8]
          label: class(10)
          train = digits(batch = 64)
        }
        net n {
          main = digits.image -> c1: conv(8, 3, pad = 1, stride = 2)
          skip = digits.image -> c2: conv(8, 1, stride = 2)
          logits = (main + skip) -> fc: dense(10)
          loss = (logits, digits.label) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    kind: str
    text: str
    hint: str | None
    span: Span  # the layer, or the one input to blame
    layer: Span
    sources: tuple[Source, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        told = {source.span: source for source in reversed(self.sources) if source.span not in (self.span, self.layer)}
        labels = [Label(span, f"`{source.name}` has shape {source.shape}") for span, source in reversed(told.items())]
        if self.layer != self.span:
            labels.append(Label(self.layer, f"an input of this `{self.kind}`"))
        return error(self, f"shapes do not fit `{self.kind}`", Label(self.span, self.text), *labels, hint=self.hint)
