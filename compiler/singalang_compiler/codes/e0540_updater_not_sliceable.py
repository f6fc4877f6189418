"""E0540: an updater that needs whole parameters, where they are cut."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0540")
class UpdaterNotSliceable(Facts, frozen=True):
    """An updater kind that says `elementwise = False` computes with whole parameters, such as their norms. It cannot be used where
    parameters are cut: into slices for several servers, or into pieces by `partition = feature`.

    Cause:
        The topology has several servers in a group (each of which updates its slice of the parameters), or cuts a layer by
        feature, and the updater of the train section is one of those.

    Cure:
        Take a topology with one server (`servers = groups(1, size = 1)`) and `partition = batch`, where the server has every
        parameter whole; or an updater that treats each element alone, such as `sgd` or `adam`.
    """

    CODE: ClassVar[str]
    updater: str
    in_pieces: str | None  # a parameter that workers hold in pieces
    servers: int
    span: Span
    topology: Span | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        if self.in_pieces:
            how, right = f"`{self.in_pieces}` is cut among the workers", "`partition = batch` for its layer"
        else:
            how, right = f"{self.servers} servers share the parameters", "`servers = groups(1, size = 1)`"
        return error(
            self,
            f"the updater `{self.updater}` needs whole parameters",
            Label(self.span, "computes with all elements of a parameter at once"),
            *((Label(self.topology, how),) if self.topology else ()),
            hint=f"write {right}, or take an updater that treats each element alone",
        )
