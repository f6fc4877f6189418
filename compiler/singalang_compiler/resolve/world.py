"""What the sections of a program refer to by name: nets, data, topologies, the file's updater. Holds no behaviour of theirs."""

from __future__ import annotations

from dataclasses import dataclass, field

from singalang_compiler.codes.e0115_not_given import NotGiven
from singalang_compiler.graph import FieldInput
from singalang_compiler.job import UpdaterUse
from singalang_compiler.resolve.data import DataOwner
from singalang_compiler.resolve.files import File
from singalang_compiler.resolve.nets import NetBuilder
from singalang_compiler.resolve.session import Session
from singalang_grammar.diagnostics import HasCode
from singalang_grammar.source import Span


@dataclass
class World:
    """The nets, data and topologies of a program. `nets_lost`: a net is missing because of a mistake."""

    session: Session
    main: File
    nets: dict[str, NetBuilder] = field(default_factory=dict)
    net_spans: dict[str, Span] = field(default_factory=dict)
    nets_lost: bool = False
    data: dict[str, DataOwner] = field(default_factory=dict)
    topology_names: tuple[str, ...] = ()
    has_updater: bool = False
    updater: UpdaterUse | None = None
    missing: list[HasCode] = field(default_factory=list)  # what the program lacks: told of only if nothing else is wrong

    def data_of(self, net: NetBuilder) -> list[DataOwner]:
        """The data sections that a net reads, in the order of their first use."""
        names = dict.fromkeys(node.operation.data for node in net.whole_nodes() if isinstance(node.operation, FieldInput))
        return [self.data[name] for name in names if name in self.data]

    def report_unnamed_updater(self, span: Span) -> None:
        """Reports an updater section that does not say which updater."""
        self.session.report(NotGiven("updater", "NAME", "the kind of updater, as in `updater sgd { ... }`", span))
