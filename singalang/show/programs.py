"""The programs of a train section: what each role does in a step, one after the other, and the periodic acts."""

from __future__ import annotations

from collections.abc import Sequence

from singalang import words
from singalang.show.markup import Markup, element, joined
from singalang.show.net import Net
from singalang.show.step_picture import step_picture
from singalang.show.tables import table
from singalang_compiler.plan import Act, Feed
from singalang_compiler.plan_group import (
    ClearStep,
    CollectStep,
    FeedStep,
    GroupRecord,
    NormStep,
    PublishStep,
    PullStep,
    PushStep,
    ReceiveStep,
    RoleRecord,
    RunStep,
    SendStep,
    ServerStep,
    WorkerStep,
)

_SHOWN = 400
"""Steps of a program that are listed; the rest is counted."""


def programs(net: Net) -> Markup:
    """The part of the page on programs."""
    steps = (step_picture(net, net.group), _group_programs(net, net.group)) if net.group else (_whole_program(net),)
    return joined((*steps, _acts(net)))


def _whole_program(net: Net) -> Markup:
    dispatch = net.section.dispatch
    steps = net.plan.programs[net.section.program].step
    chips = []
    for step in steps:
        if isinstance(step, Feed):
            chips.append(_chip("feed", f"feed {words.count(net.section.batch, 'record')}", f"the next batch of phase {step.phase}"))
        else:
            chips.append(
                _chip("fused", f"run {step.kernel}", "gradients and update in one kernel", net.name("kernel", step.kernel))
            )
    many = f"{words.count(dispatch.count, 'step')} a dispatch ({dispatch.mode}): {dispatch.reason}."
    return joined((element("h4", "A step"), element("div", joined(chips), class_="chips"), element("p", many, class_="note")))


def _acts(net: Net) -> Markup | None:
    program = net.plan.programs.get(net.section.program)
    if program is None:
        return None
    rows = [(act.action, _when(act), _batches(act)) for act in (*program.acts, *program.end)]
    return joined((element("h4", "Acts between steps"), table("acts", ("act", "when", "how much"), rows))) if rows else None


def _when(act: Act) -> str:
    if act.period is None:
        return "at the end"
    first = f", first after {words.steps(act.after)}" if act.after and act.after != act.period else ""
    return f"every {words.steps(act.period)}{first}"


def _batches(act: Act) -> str:
    if act.batches is not None:
        return words.count(act.batches, "batch", "batches")
    return "all batches" if act.action in ("val", "test") else ""


def _group_programs(net: Net, group: GroupRecord) -> Markup:
    parts: list[Markup] = []
    for role in group.roles:
        name = f"{role.name}: {words.workers(role.workers)}" + (f", stage {role.stage}" if group.stages > 1 else "")
        rows = f"{words.count(role.rows, 'record')} of a micro-batch"
        parts.append(_program(f"{name}, {rows}", [_step_chip(net, role, step) for step in role.step]))
        for phase, steps in role.evaluate.items():
            parts.append(_program(f"{name}: a batch of phase {phase}", [_step_chip(net, role, step) for step in steps]))
    parts.append(
        _program(f"servers: {words.count(len(group.servers), 'server')}", [_server_chip(net, step) for step in group.server_step])
    )
    return joined((element("h4", "What each role does in a step"), *parts))


def _program(title: str, chips: Sequence[Markup]) -> Markup:
    rest = element("span", f"and {len(chips) - _SHOWN:,} more", class_="note") if len(chips) > _SHOWN else None
    summary = element("summary", title, element("span", words.count(len(chips), "instruction"), class_="count"))
    return element("details", summary, element("div", joined(chips[:_SHOWN]), rest, class_="chips"), open=len(chips) <= 80)


def _step_chip(net: Net, role: RoleRecord, step: WorkerStep) -> Markup:
    match step:
        case FeedStep(micro=micro):
            return _chip("feed", f"feed {micro}", f"take the fields of micro-batch {micro}")
        case RunStep(call=call, micro=micro):
            kind = "fused" if call.startswith(("step", "evaluate")) else call.partition("/")[0]
            return _chip(kind, f"{call} · {micro}", f"run for micro-batch {micro}", net.name("call", f"{role.name}/{call}"))
        case SendStep(connection=name, micro=micro, back=back):
            what = "the gradient back" if back else "the blocks"
            return _chip("move", f"{'◂' if back else '▸'} {name} · {micro}", f"give {what}", net.name("connection", name))
        case ReceiveStep(connection=name, micro=micro, back=back):
            what = "the gradient that comes back" if back else "the blocks"
            return _chip("wait", f"⋯ {'◂' if back else '▸'} {name} · {micro}", f"wait for {what}", net.name("connection", name))
        case ClearStep():
            return _chip("feed", "clear", "set the gradients to 0")
        case PushStep(micro=micro):
            return _chip("move", "push" if micro is None else f"push {micro}", "give the servers the gradients")
        case PullStep():
            return _chip("wait", "pull", "wait for the new parameters and take them over")


def _server_chip(net: Net, step: ServerStep) -> Markup:
    match step:
        case CollectStep():
            return _chip("wait", "collect", "wait for the gradients of every holder, and add them in the order of workers")
        case NormStep():
            return _chip("move", "norm", "exchange square sums with all servers")
        case RunStep(call=call):
            return _chip("server", call, "run on the slice", net.name("call", f"servers/{call}"))
        case PublishStep():
            return _chip("move", "publish", "give the new values to every holder")


def _chip(kind: str, text: str, told: str, show: str | None = None) -> Markup:
    if show is None:
        return element("span", text, class_=f"chip run-{kind}", title=told)
    return element("button", text, type="button", class_=f"chip run-{kind}", title=told, data_show=show)
