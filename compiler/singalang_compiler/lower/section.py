"""One train section, worked out as far as its kernels need: names, buffers, scales, rows of metrics. Holds no array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from singalang_compiler.graph import FieldInput
from singalang_compiler.job import Placing, Topology, Train
from singalang_compiler.library.ops_jax.ops import JaxOps
from singalang_compiler.library.tensors import Shape, State
from singalang_compiler.library.update_rule import UpdateRule
from singalang_compiler.lower.buffers import lay_out
from singalang_compiler.lower.metrics import Row, rows_of
from singalang_compiler.lower.network import PhaseNet
from singalang_compiler.partition.learning import every_node, learning_parameters, prefix_of, scaled_uses
from singalang_compiler.partition.partition import topology_of
from singalang_compiler.plan import DataRecord, FieldRecord
from singalang_compiler.plan_group import BufferRecord
from singalang_compiler.shaped import ParameterUse, ShapedJob, ShapedNet

UNNAMED = "train"
"""What a train section without a name is called in plans and logs."""


@dataclass(frozen=True)
class Section:
    """What is fixed of a train section before its kernels are made.

    `prefix` stands before layers' names where the job has several nets. `uses` holds the parameters of the net with the scales
    of this section; `trained` those that learn. `slots` holds buffers by slot. The backward pass computes layers of `remat` again.
    """

    name: str
    train: Train
    net: ShapedNet
    prefix: str
    data: tuple[DataRecord, ...]
    uses: Mapping[str, ParameterUse]
    trained: tuple[str, ...]
    states: Mapping[str, State]
    rows: tuple[Row, ...]
    rule: UpdateRule
    ops: JaxOps
    parameters: tuple[BufferRecord, ...]
    slots: Mapping[str, tuple[BufferRecord, ...]]
    state: tuple[BufferRecord, ...]
    remat: frozenset[str]

    @staticmethod
    def of(shaped: ShapedJob, train: Train, data: tuple[DataRecord, ...], form: Literal["plain", "cpu"]) -> Section:
        """The section of a job; `data` are those of the whole job, and the train section's schedule counts no epochs."""
        rule = UpdateRule.of(train.updater)
        net = shaped.nets[train.net]
        prefix = prefix_of(shaped, train)
        uses = scaled_uses(shaped, train)
        learning = learning_parameters(uses, net.phases["train"])
        trained = tuple(name for name in uses if name in learning)
        states = {f"{prefix}{node.node.name}.{own}": state for node in every_node(net) for own, state in node.state.items()}
        slots = {slot: lay_out(f"slots/{slot}", {name: uses[name].shape for name in trained}) for slot in rule.slot_names()}
        return Section(
            name=train.name or UNNAMED,
            train=train,
            net=net,
            prefix=prefix,
            data=data,
            uses=uses,
            trained=trained,
            states=states,
            rows=rows_of(net),
            rule=rule,
            ops=JaxOps("f64" if train.precision == "f64" else "f32", form),
            parameters=lay_out("parameters", {name: use.shape for name, use in uses.items()}),
            slots=slots,
            state=lay_out("state", {name: state.shape for name, state in states.items()}),
            remat=_computed_again(topology_of(shaped.job, train), net),
        )

    @property
    def double(self) -> bool:
        """Whether its numbers have 64 bits."""
        return self.ops.precision == "f64"

    @property
    def dtype(self) -> str:
        """NumPy dtype of the section's precision."""
        return "float64" if self.double else "float32"

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """Shapes of the net's parameters."""
        return {name: use.shape for name, use in self.uses.items()}

    @property
    def state_shapes(self) -> dict[str, Shape]:
        """Shapes of the net's state."""
        return {name: state.shape for name, state in self.states.items()}

    def phase(self, phase: str) -> PhaseNet:
        """The net in a phase, ready to run."""
        losses = self.train.losses if phase != "deploy" else ()
        remat = self.remat if phase == "train" else frozenset[str]()
        return PhaseNet(self.net.phases[phase], self.prefix, phase == "train", losses, self.rows, self.ops, remat)

    def fields(self, phase: str) -> tuple[tuple[str, FieldRecord], ...]:
        """The fields that the net reads in a phase, as (`data.field`, field), in the order in which they are declared."""
        read = {node.node.name for node in self.net.phases[phase] if isinstance(node.node.operation, FieldInput)}
        declared = [(f"{data.name}.{field.name}", field) for data in self.data for field in data.fields]
        return tuple((name, field) for name, field in declared if name in read)

    def phases_with_data(self) -> tuple[str, ...]:
        """Those of `train`, `val`, `test` for which every data section of the net has a source."""
        own = self.own_data()
        return tuple(phase for phase in ("train", "val", "test") if own and all(phase in data.sources for data in own))

    def own_data(self) -> tuple[DataRecord, ...]:
        """The data sections that the net reads."""
        read = data_names(self.net)
        return tuple(data for data in self.data if data.name in read)

    def batch(self, phase: str) -> int:
        """Records of one batch; `deploy` takes that of `test`, else of `train`."""
        wanted = phase if phase in self.phases_with_data() else "test" if "test" in self.phases_with_data() else "train"
        return self.own_data()[0].sources[wanted].batch


def data_names(net: ShapedNet) -> frozenset[str]:
    """Names of the data sections that a net reads in any phase."""
    return frozenset(node.node.operation.data for node in every_node(net) if isinstance(node.node.operation, FieldInput))


def _computed_again(topology: Topology, net: ShapedNet) -> frozenset[str]:
    """The layers of which a topology says `remat`."""
    layers = [node.node.name for node in net.phases["train"] if not isinstance(node.node.operation, FieldInput)]
    said = {name: topology.placing.get((net.net.name, name), Placing()).remat for name in layers}
    return frozenset(name for name, remat in said.items() if (topology.remat if remat is None else remat))
