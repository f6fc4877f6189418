"""E0560: more memory than a process may have."""

from __future__ import annotations

from typing import ClassVar

from singalang_compiler.sizes import size_text
from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0560")
class TooLittleMemory(Facts, frozen=True):
    """`memory` of a topology is what each of its processes may need at most. What a process is predicted to need are parameters,
    gradients, the slices of servers with their updater's state, and what layers keep for the backward pass, of all micro-batches
    under way. With `partition = auto` the compiler has looked for ways to cut the layers that fit, and has found none.

    Wrong:
        data d { x: f32[1000], y: class(10), train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(1000) -> dense(10)
          loss = (h, d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 1 }
        topology two { preset = allreduce, workers = groups(1, size = 2), memory = 4MiB }

    Right:
        data d { x: f32[1000], y: class(10), train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(1000) -> dense(10)
          loss = (h, d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 1 }
        topology two { preset = allreduce, workers = groups(1, size = 2), memory = 40MiB }
    """

    CODE: ClassVar[str]
    process: str
    alike: int  # processes that need as much, this one among them
    needed: int
    limit: int
    layers: tuple[tuple[str, int], ...]  # those that need most, with their bytes
    free: bool  # whether some layer's cut was the compiler's choice
    again: bool  # whether the topology has all layers computed again already
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        more = f" and {self.alike - 1} more" if self.alike > 1 else ""
        layers = ", ".join(f"`{name}` {size_text(size)}" for name, size in self.layers)
        notes = (f"most is for {layers}",) if layers else ()
        other = "no way to cut the layers was found that fits: take" if self.free else "take `partition = auto`, a smaller batch,"
        remat = "" if self.again else "`remat = true`, "
        return error(
            self,
            f"process `{self.process}`{more} would need {size_text(self.needed)} of memory",
            Label(self.span, f"at most {size_text(self.limit)} a process"),
            hint=f"{'; '.join((*notes, other))} more workers, more micro-batches, {remat}or more memory",
        )
