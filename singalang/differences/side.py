"""A train section of a plan as it is compared: its layers with shapes, parameters and places."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import msgspec

from singalang.show.cuts import layer_cuts
from singalang_compiler.plan import LayerRecord, ParameterRecord, Plan, Program, SectionRecord
from singalang_compiler.plan_group import GroupRecord

ALONE = "alone"
"""How a layer is cut that one worker computes."""


class Place(msgspec.Struct, frozen=True):
    """In which stage a layer is, how it is cut (`ALONE` where its stage has one worker), and whether it is computed again."""

    stage: int = 0
    cut: str = ALONE
    again: bool = False


class Side:
    """One of the two: a plan and one of its train sections."""

    def __init__(self, plan: Plan, section: SectionRecord) -> None:
        self.plan, self.section = plan, section
        self.layers: Mapping[str, LayerRecord] = {layer.name: layer for layer in section.layers}
        self.parameters: Mapping[str, ParameterRecord] = {one.name: one for one in plan.parameters}
        self.reasons = {one.about: one.reason for one in plan.decisions}

    @property
    def group(self) -> GroupRecord | None:
        """The group that does the section, None for one worker."""
        return self.section.group

    @property
    def program(self) -> Program:
        """The program of the section."""
        return self.plan.programs[self.section.program]

    @property
    def stages(self) -> int:
        """Number of stages."""
        return self.group.stages if self.group else 1

    @property
    def workers(self) -> int:
        """Workers of all stages."""
        return self.group.workers if self.group else 1

    @cached_property
    def fields(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of one record of each field, by `data.field`."""
        return {f"{data.name}.{one.name}": one.shape for data in self.plan.data for one in data.fields}

    @cached_property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of one record of each layer and field."""
        return {**self.fields, **{name: layer.shape for name, layer in self.layers.items()}}

    @cached_property
    def places(self) -> Mapping[str, Place]:
        """The places of the layers that training computes."""
        cuts = layer_cuts(self.section, self.plan.decisions)
        found = {}
        for name, layer in self.layers.items():
            if "train" in layer.phases:
                again = f"{self.section.name}.{name}.remat" in self.reasons
                cut = cuts.get(name)
                alone = cut is None or self.workers == self.stages
                found[name] = Place(cut.stage if cut else 0, ALONE if cut is None or alone else cut.label, again)
        return found

    def owns(self, layer: str, parameter: str) -> bool:
        """Whether a parameter that a layer uses is its own, not that of another."""
        return parameter.rpartition(".")[0] in (layer, f"{self.section.net}.{layer}")

    def scales(self, parameter: str) -> tuple[float, float]:
        """What the rate and the weight decay of a parameter are multiplied with."""
        one = self.parameters[parameter]
        return self.section.scales.get(parameter, (one.lr_scale, one.wd_scale))
