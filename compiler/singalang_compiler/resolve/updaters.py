"""Updater sections."""

from __future__ import annotations

from typing import Any

from singalang_compiler.codes.e0103_unknown_kind import UnknownKind
from singalang_compiler.codes.e0410_empty_clip import EmptyClip
from singalang_compiler.job import UpdaterUse
from singalang_compiler.library.kinds import Configured
from singalang_compiler.resolve.arguments import Given
from singalang_compiler.resolve.definitions import SectionDefinition
from singalang_compiler.resolve.fields import Wanted, read_fields
from singalang_compiler.resolve.fitting import PLAIN_KINDS, accepted
from singalang_compiler.resolve.scopes import is_poison
from singalang_compiler.resolve.session import Session
from singalang_compiler.sections.schema import schema


def read_updater(section: SectionDefinition, session: Session) -> UpdaterUse | None:
    """The updater that a section describes; None where something in it is wrong, and was reported."""
    name, visible = section.name, section.file
    if name is None:
        return None
    kind = visible.kind("updaters", name.text)
    if kind is None:
        if not visible.is_lost(name.text) and not session.is_broken(name.text, name.span):
            session.report(UnknownKind("updater", name.text, name.span, tuple(visible.kind_names("updaters"))))
        return None
    own = tuple(attribute.name for attribute in kind.attributes)
    common = tuple(attribute for attribute in schema("updater").fields if attribute.name not in own)
    found = read_fields(section.parts, Wanted("updater", (*kind.attributes, *common)), section.span, session)
    if not found.whole:
        return None
    values = found.values
    spans = {field: bind.span for field, bind in found.binds.items()}
    made = accepted(Configured(kind, {field: values[field] for field in own}), Given({}, spans), visible.place, section.span)
    clip = values.get("clip")
    if clip is not None and clip[0] >= clip[1]:
        session.report(EmptyClip(f"{clip[0]:g}", f"{clip[1]:g}", found.spans["clip"]))
        return None
    if is_poison(made):
        return None
    rate = _rate(values["lr"], section)
    decay, norm = values.get("weight_decay", 0.0), values.get("clip_norm")
    return UpdaterUse(updater=made, rate=rate, weight_decay=decay, clip=clip, clip_norm=norm, span=section.span)


def _rate(value: Any, section: SectionDefinition) -> Configured:
    if isinstance(value, Configured):
        return value
    kind = section.file.kind("schedules", PLAIN_KINDS["schedules"])
    assert kind is not None, "the library lacks the schedule for a plain number"
    values = {attribute.name: attribute.default for attribute in kind.attributes}
    return Configured(kind, {**values, kind.attributes[0].name: float(value)})
