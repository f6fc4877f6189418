"""What a word means that a user asks about: a layer, a parameter, a connection, a process, or one of a few topics."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from singalang import words
from singalang.why.connections import connection_told
from singalang.why.layers import layer_told
from singalang.why.overview import of_layers, overview
from singalang.why.parameters import parameter_told
from singalang.why.processes import process_told, processes_told
from singalang.why.servers import server_told, servers_told
from singalang.why.subject import Subject
from singalang.why.told import Told
from singalang_compiler.plan import Plan

TOPICS = ("processes", "workers", "servers", "dispatch", "operations")


def answers(plan: Plan, word: str | None) -> list[Told]:
    """What is known of what a word means, for each train section that has it; of the whole plan without a word.

    Empty where the word means nothing in this plan.
    """
    if word is None:
        return list(overview(plan))
    subjects = [Subject(plan, section) for section in plan.sections]
    if not any(word in subject.layers for subject in subjects) and (told := _of_plan(plan, word)):
        return [told]
    found = [(subject, told) for subject in subjects if (told := _of(subject, word)) is not None]
    return [_named(subject, told) if len(subjects) > 1 else told for subject, told in found]


def known_names(plan: Plan) -> Iterator[str]:
    """Everything that can be asked about."""
    yield from TOPICS
    yield from (one.name for one in plan.processes)
    yield from (f"{data.name}.{field.name}" for data in plan.data for field in data.fields)
    yield from (one.name for one in plan.parameters)
    for section in plan.sections:
        yield from (layer.name for layer in section.layers)
        if section.group:
            yield from (one.name for one in section.group.connections)
            yield from (one.name for one in section.group.servers)


def is_pattern(word: str) -> bool:
    """Whether a word stands for several names."""
    return any(sign in word for sign in "*?[")


def _of_plan(plan: Plan, word: str) -> Told | None:
    if word in ("processes", "workers"):
        return processes_told(plan)
    return _operations(plan) if word == "operations" else None


def _of(subject: Subject, word: str) -> Told | None:
    group = subject.group
    if word in subject.layers:
        return layer_told(subject, word)
    if word in subject.section.parameter_names:
        return parameter_told(subject, word)
    if word == "servers":
        return servers_told(subject)
    if word == "dispatch":
        return _dispatch(subject)
    if group and any(one.name == word for one in group.connections):
        return connection_told(subject, word)
    if group and any(one.name == word for one in group.servers):
        return server_told(subject, word)
    if any(one.name == word for one in subject.plan.processes):
        return process_told(subject, word)
    return _field(subject, word) or _pattern(subject, word)


def _pattern(subject: Subject, word: str) -> Told | None:
    """The layers whose names a glob matches."""
    names = [name for name in subject.layers if is_pattern(word) and fnmatchcase(name, word)]
    if not names:
        return None
    return layer_told(subject, names[0]) if len(names) == 1 or subject.group is None else of_layers(subject, names)


def _dispatch(subject: Subject) -> Told:
    dispatch, decision = subject.section.dispatch, subject.decision("dispatch")
    reason = words.REASONS[decision.reason] if decision else dispatch.reason
    how = {"loop": "one by one", "scan": "in a loop inside a kernel", "unroll": "one after another inside a kernel"}[dispatch.mode]
    facts = (("dispatch", f"{words.count(dispatch.count, 'step')} a call, {how}"), ("because", reason), ("here", dispatch.reason))
    return Told(title="dispatch: how steps are handed to the device", facts=facts, decisions=subject.decisions("dispatch"))


def _operations(plan: Plan) -> Told:
    found = tuple(one for one in plan.decisions if one.about == "operations")
    facts = tuple(fact for one in found for fact in (("form", one.chosen), ("because", words.REASONS[one.reason])))
    return Told(title="operations: the form in which kernels are written", facts=facts, decisions=found)


def _field(subject: Subject, word: str) -> Told | None:
    readers = [layer.name for layer in subject.section.layers if word in layer.inputs]
    if not readers or word in subject.layers:
        return None
    stages = sorted({subject.stage(name) for name in readers})
    fed = "; ".join(subject.at(stage) for stage in stages)
    facts = (("read by", ", ".join(readers)), ("fed to", fed), ("moves", "nothing: fields are fed to those who read them"))
    return Told(title=f"{word}: a field of the data", facts=facts)


def _named(subject: Subject, told: Told) -> Told:
    return Told(
        title=f"{told.title} (train {subject.section.name})",
        facts=told.facts,
        table=told.table,
        notes=told.notes,
        decisions=told.decisions,
    )
