"""Jobs built by hand, so that lowering is tested without parsing: nets as lists of (name, kind, inputs)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from singalang_compiler.graph import FieldInput, LayerGraph, Node, ParameterSetting
from singalang_compiler.infer.net import infer_shapes
from singalang_compiler.job import PHASES, Data, Every, Field, Job, Net, Scales, SourceUse, Topology, Train, UpdaterUse
from singalang_compiler.library import kinds
from singalang_compiler.library.kinds import MISSING, Configured
from singalang_compiler.library.tensors import TensorSpec
from singalang_compiler.lower.lower import Compiled, LowerRequest, lower
from singalang_compiler.machine import Machine
from singalang_compiler.partition.partition import partition
from singalang_compiler.place.place import place
from singalang_compiler.place.placed import Placed
from singalang_grammar.source import Source, Span

TEXT = Source("model.singa", "a program made by hand\n")
SPAN = Span(TEXT, 0, 1)


def kind(family: str, name: str, **attributes: Any) -> Configured:
    """A kind of the library with its defaults filled in."""
    found = kinds.find(family, name)
    assert found is not None, f"no {name} among the {family}"
    defaults = {own.name: own.default for own in found.attributes if own.default is not MISSING}
    return Configured(found, {**defaults, **attributes})


def layer(name: str, **attributes: Any) -> Configured:
    """A layer kind."""
    return kind("layers", name, **attributes)


@dataclass(frozen=True)
class Stage:
    """One node of a net under test."""

    name: str
    operation: Configured
    inputs: tuple[str, ...]
    parameters: Mapping[str, ParameterSetting] = field(default_factory=dict)
    phases: frozenset[str] = frozenset(PHASES)


def data(
    name: str = "d",
    *,
    fields: Mapping[str, TensorSpec],
    batch: int = 4,
    test_batch: int = 6,
    mean: float | str = 0.0,
    std: float | str = 1.0,
    source: Configured | None = None,
) -> Data:
    """A data section with a source for training and one for tests."""
    kind_ = source or kind("sources", "csv", path="d.csv")
    uses = {
        "train": SourceUse(phase="train", source=kind_, batch=batch, shuffle=True, random_skip=0, split="all", span=SPAN),
        "test": SourceUse(phase="test", source=kind_, batch=test_batch, shuffle=False, random_skip=0, split="all", span=SPAN),
    }
    declared = tuple(Field(name=own, spec=spec, mean=mean, std=std, span=SPAN) for own, spec in fields.items())
    return Data(name=name, fields=declared, sources=uses, span=SPAN)


CLASSES = {"x": TensorSpec((6,)), "y": TensorSpec((), "i32", 3)}


def _graph(section: Data, stages: Sequence[Stage]) -> LayerGraph:
    """The fields of a data section and the stages that read them."""
    everywhere = frozenset(PHASES)
    inputs = [
        Node(
            name=f"{section.name}.{own.name}",
            operation=FieldInput(section.name, own.name, own.spec),
            phases=everywhere,
            span=SPAN,
        )
        for own in section.fields
    ]
    nodes = [
        Node(
            name=stage.name,
            operation=stage.operation,
            inputs=stage.inputs,
            parameters=stage.parameters,
            phases=stage.phases,
            span=SPAN,
        )
        for stage in stages
    ]
    return LayerGraph.of([*inputs, *nodes])


def job(
    stages: Sequence[Stage],
    *,
    section: Data | None = None,
    updater: Configured | None = None,
    rate: Configured | None = None,
    losses: tuple[str, ...] = ("loss",),
    steps: Any = 1000,
    actions: Mapping[str, Every] | None = None,
    scales: Mapping[str, Scales] | None = None,
    **settings: Any,
) -> Placed:
    """A placed job of one net and one train section. `settings` are fields of the updater section or of the train section."""
    section = section or data(fields=CLASSES)
    of_updater = {name: settings.pop(name) for name in ("weight_decay", "clip", "clip_norm") if name in settings}
    train = Train(
        name=None,
        net="n",
        losses=losses,
        algorithm=kind("algorithms", "bp"),
        steps=steps,
        updater=UpdaterUse(updater=updater or kind("updaters", "sgd"), rate=rate or fixed(0.1), span=SPAN, **of_updater),
        actions=actions or {},
        scales=scales or {},
        span=SPAN,
        **settings,
    )
    whole = Job(
        name="model",
        data={section.name: section},
        nets={"n": Net(name="n", graph=_graph(section, stages), span=SPAN)},
        trains=(train,),
        topologies={},
        topology=Topology(name="one"),
        sources=(TEXT,),
    )
    shaped = infer_shapes(whole)
    assert shaped.value is not None and not shaped.failed, shaped.diagnostics
    cut = partition(shaped.value, Machine()).value
    assert cut is not None
    placed = place(cut, True, Machine())
    assert placed.value is not None and not placed.failed, placed.diagnostics
    return placed.value


def fixed(rate: float) -> Configured:
    """A rate that stays."""
    found = kinds.find("schedules", "fixed")
    assert found is not None
    return kind("schedules", "fixed", **{found.attributes[0].name: rate})


def compiled(placed: Placed, *platforms: str) -> Compiled:
    """The plan and kernels of a job that must have no mistake."""
    outcome = lower(placed, LowerRequest(platforms=platforms or ("cpu",)))
    assert outcome.value is not None, outcome.diagnostics
    return outcome.value


def mlp(hidden: int = 5, **options: Any) -> tuple[Stage, ...]:
    """x -> dense -> relu -> dense -> softmax_loss."""
    return (
        Stage("fc1", layer("dense", units=hidden), ("d.x",)),
        Stage("act", layer("relu"), ("fc1",)),
        Stage("fc2", layer("dense", units=3), ("act",)),
        Stage("loss", layer("softmax_loss", **options), ("fc2", "d.y")),
    )
