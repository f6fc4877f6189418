"""Two plans, compared: what a run would do otherwise, and what that is predicted to cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from singalang import words
from singalang.differences.costs import costs
from singalang.differences.feeding import data_parts, field_pairs, paired
from singalang.differences.found import Difference, Line, Part
from singalang.differences.matching import Matching, match
from singalang.differences.nets import Nets
from singalang.differences.placing import placing_part, plan_line
from singalang.differences.side import Side
from singalang.differences.training import section_line, training_part
from singalang_compiler.plan import Plan, SectionRecord
from singalang_compiler.plan_group import GroupRecord


def compare(before: Plan, after: Plan) -> Difference:
    """What is different, told from `before` to `after`."""
    ours, theirs = ({one.name: one for one in plan.sections} for plan in (before, after))
    pairs = paired(list(ours), list(theirs))
    sides = [(Side(before, ours[old]), Side(after, theirs[new])) for old, new in pairs.items()]
    matchings = {_nets(*both): match(both[0].section.layers, both[1].section.layers) for both in reversed(sides)}
    parts = (
        *_sections(ours, theirs, pairs),
        *_learning(sides, matchings),
        *data_parts(before, after),
        *_placing(sides, matchings),
        *_made(before, after),
    )
    found = Difference(parts, costs(before, after), tuple(_notes(before, after)))
    hidden = () if found.anything else tuple(_hidden(before, after))
    return Difference(hidden, (), found.notes) if hidden else found


def _nets(before: Side, after: Side) -> tuple[str, str]:
    return before.section.net, after.section.net


def _sections(before: Mapping[str, SectionRecord], after: Mapping[str, SectionRecord], pairs: Mapping[str, str]) -> Iterator[Part]:
    """Train sections that only one of the plans has."""
    lines = (
        *(section_line(one, "-") for name, one in before.items() if name not in pairs),
        *(section_line(one, "+") for name, one in after.items() if name not in pairs.values()),
    )
    if lines:
        yield Part("training", lines)


def _learning(sides: Sequence[tuple[Side, Side]], matchings: Mapping[tuple[str, str], Matching]) -> Iterator[Part]:
    """What is learned and how: each net once, each train section."""
    told: set[tuple[str, str]] = set()
    for before, after in sides:
        nets = _nets(before, after)
        if nets not in told and (part := Nets(before, after, matchings[nets], field_pairs(before.plan, after.plan)).part()):
            yield part
        told.add(nets)
        if part := training_part(before, after, matchings[nets]):
            yield part


def _placing(sides: Sequence[tuple[Side, Side]], matchings: Mapping[tuple[str, str], Matching]) -> Iterator[Part]:
    """Who does what."""
    for before, after in sides:
        title = f"who does what in {after.section.name}" if len(sides) > 1 else "who does what"
        if part := placing_part(before, after, matchings[_nets(before, after)], title):
            yield part


def _made(before: Plan, after: Plan) -> Iterator[Part]:
    """What is said of whole plans."""
    lines = (
        *plan_line("results", words.SEMANTICS[before.semantics], words.SEMANTICS[after.semantics]),
        *(Line(sign="-", text=f"approximation: {text}") for text in before.approximations if text not in after.approximations),
        *(Line(sign="+", text=f"approximation: {text}") for text in after.approximations if text not in before.approximations),
        *plan_line("platforms", list(before.platforms), list(after.platforms)),
        *plan_line("predicted for", _machine(before, after), _machine(after, before)),
        *plan_line("made by", _versions(before), _versions(after)),
    )
    if lines:
        yield Part("the plan", tuple(lines))


def _machine(plan: Plan, other: Plan) -> str:
    """The name of the machine, and more where another one has the same name."""
    alike = plan.machine == other.machine and plan.machine_sha256 != other.machine_sha256
    return f"{plan.machine} ({plan.machine_sha256[:8]})" if alike else plan.machine


def _versions(plan: Plan) -> str:
    return f"singalang {plan.singalang}, JAX {plan.jax}"


def _notes(before: Plan, after: Plan) -> Iterator[str]:
    """What is otherwise and changes nothing."""
    if before.name != after.name:
        yield f"the job is called {before.name} -> {after.name}"
    if before.topology.name != after.topology.name:
        yield f"the topology is called {before.topology.name} -> {after.topology.name}"
    for name in dict.fromkeys((*before.settings, *after.settings)):
        old, new = before.settings.get(name, "not given"), after.settings.get(name, "not given")
        if old != new:
            yield f"--set {name}: {old} -> {new}"


def _hidden(before: Plan, after: Plan) -> Iterator[Part]:
    """What can only be seen in kernels: the code of a user's kind, the order in which layers are computed."""
    if _kernels(before) == _kernels(after):
        return
    texts = {one.path: one.sha256 for one in before.sources}
    changed = [one.path for one in after.sources if one.path.endswith(".py") and texts.get(one.path) != one.sha256]
    orders = [[layer.name for section in plan.sections for layer in section.layers] for plan in (before, after)]
    because = f": {', '.join(changed)} has changed" if changed else ""
    if not changed and orders[0] != orders[1]:
        because = ", as layers stand in another order"
    yield Part("the plan", (Line(sign="~", text=f"the kernels compute something else{because}"),))


def _kernels(plan: Plan) -> list[object]:
    """All kernels by what they are for."""
    found: list[object] = [sorted((one.name, one.init_kernel) for one in plan.parameters)]
    for section in plan.sections:
        found += [section.kernels, section.predict.kernel if section.predict else "", *_of_group(section)]
    return found


def _of_group(section: SectionRecord) -> Iterator[object]:
    group: GroupRecord | None = section.group
    if group is not None:
        yield from ({name: call.kernel for name, call in role.calls.items()} for role in group.roles)
        yield {name: call.kernel for name, call in group.server_calls.items()}
