"""Presets of a topology: known ways of training together, as points in the fields of `topology` and `sync`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from singalang_compiler.job import Topology
from singalang_compiler.library.kinds import Configured
from singalang_compiler.sections.schema import form_kinds


@dataclass(frozen=True)
class Preset:
    """A preset. `servers`: one server, one in each worker, or one server group for each worker group.

    `waits`: groups wait for one another; `groups`: whether there may be several worker groups.
    """

    name: str
    servers: Literal["one", "in_workers", "each_group"]
    waits: bool
    groups: bool
    sync: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    outer: tuple[str, Mapping[str, float]] | None = None
    source: str = ""

    def outer_form(self) -> Configured:
        """The outer optimizer as a form."""
        assert self.outer is not None
        name, values = self.outer
        kind = form_kinds("Outer")[name]
        return Configured(kind, {**{attribute.name: attribute.default for attribute in kind.attributes}, **values})

    def conflicts(self, topology: Topology) -> list[tuple[str, str, str]]:
        """What in a topology contradicts the preset: the field, the local fact, and what to do."""
        found = []
        if not self.groups and topology.worker_groups != 1:
            fact = f"{topology.worker_groups} worker groups"
            found.append(("workers", fact, "use `groups(1, size = n)`, or another preset"))
        if self.waits and topology.sync.staleness != 0:
            found.append(("staleness", "groups would not wait", "use `staleness = 0`, or a preset such as `downpour`"))
        if self.servers == "in_workers" and topology.separate:
            found.append(("separate", "its servers live in the workers", "use `preset = sandblaster`"))
        if self.name == "downpour" and topology.server_groups != 1:
            found.append(("servers", f"{topology.server_groups} server groups", "use one server group, or `preset = hogwild`"))
        if self.servers == "each_group" and topology.server_groups not in (1, topology.worker_groups):
            fact = f"{topology.server_groups} server groups for {topology.worker_groups} worker groups"
            found.append(("servers", fact, "use as many server groups as worker groups"))
        return found


_UNBOUNDED = {"every": 1, "staleness": None}
PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("allreduce", "in_workers", True, False, {"every": 1, "staleness": 0}),
        Preset("sandblaster", "one", True, False, {"every": 1, "staleness": 0}, {"separate": True}, source="Dean et al., 2012"),
        Preset("downpour", "one", False, True, _UNBOUNDED, {"separate": True}, source="Dean et al., 2012"),
        Preset("hogwild", "one", False, True, {**_UNBOUNDED, "combine": "sum"}, source="Recht et al., 2011"),
        Preset("local_sgd", "each_group", True, True, {"every": 16, "staleness": 0}, source="Stich, 2019"),
        Preset("easgd", "each_group", False, True, {"every": 10, "staleness": None, "mix": 0.1}, source="Zhang et al., 2015"),
        Preset(
            "diloco",
            "each_group",
            True,
            True,
            {"every": 500, "staleness": 0},
            outer=("nesterov", {"rate": 0.7, "momentum": 0.9}),
            source="Douillard et al., 2023",
        ),
        Preset(
            "streaming_diloco",
            "each_group",
            True,
            True,
            {"every": 100, "staleness": 0, "fragments": 4, "overlap": 1, "mix": 0.5},
            outer=("nesterov", {"rate": 0.7, "momentum": 0.9}),
            source="Douillard et al., 2025",
        ),
    )
}
"""Every preset, by name."""
