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
    parameter: str
    servers: int
    span: Span
    topology: Span | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        if self.servers:
            how, right = f"slices `{self.parameter}` among {self.servers} servers", "`servers = groups(1, size = 1)`"
        else:
            how, right = f"cuts `{self.parameter}` among its workers", "`partition = batch` for the layer"
        return error(
            self,
            f"the updater `{self.updater}` needs whole parameters",
            Label(self.span, "computes with all elements of a parameter at once"),
            *((Label(self.topology, how),) if self.topology else ()),
            hint=f"write {right}, or take an updater that treats each element alone",
        )
