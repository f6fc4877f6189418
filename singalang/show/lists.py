"""The parameters, decisions, data and origins of a plan, as tables and facts."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from singalang import words
from singalang.show.markup import Child, Markup, element, joined
from singalang.show.net import Net
from singalang.show.processes import stored_words
from singalang.show.tables import chooser, facts, table
from singalang_compiler.plan import DataRecord, Decision, Plan, SectionRecord


def parameters(net: Net) -> Markup:
    """The parameters of a section."""
    stored = stored_words(net)
    rows: list[Sequence[Child]] = []
    for name in net.section.parameter_names:
        one = net.parameters[name]
        users = [chooser(net.name("layer", layer), layer) for layer in one.layers if layer in net.layers]
        learns = _learns(one.lr_scale, one.wd_scale)
        rows.append(
            (name, joined(users), words.shape(one.shape), f"{prod(one.shape):,}", words.kind(one.init), stored.get(name, learns))
        )
    last = "kept" if net.group else "learns"
    return table("parameters", ("parameter", "of", "shape", "numbers", "first values", last), rows, numbers=(3,))


def _learns(rate: float, decay: float) -> str:
    if not rate:
        return "does not learn"
    parts = (f"rate × {rate:g}" if rate != 1 else "", f"decay × {decay:g}" if decay != 1 else "")
    return ", ".join(part for part in parts if part)


def decisions(plan: Plan) -> Markup:
    """Everything that the compiler chose, and why."""
    rows = [(one.about, one.chosen, f"{words.REASONS[one.reason]}{_cost(one)}", _rejected(one)) for one in plan.decisions]
    told = table("decisions", ("about", "chosen", "because", "instead of"), rows)
    if plan.approximations:
        items = element("ul", joined(element("li", one) for one in plan.approximations), class_="approximations")
        told = joined((told, element("h4", "Approximations"), items))
    return told


def _cost(one: Decision) -> str:
    return f" ({words.seconds(one.step_s)} a step)" if one.step_s is not None else ""


def _rejected(one: Decision) -> str:
    told = []
    for other in one.rejected:
        cost = f" {words.seconds(other.step_s)}" if other.step_s is not None else ""
        told.append(f"{other.choice}{cost}{f': {other.why}' if other.why else ''}")
    return "; ".join(told)


def learning(section: SectionRecord) -> Markup:
    """How a section learns."""
    clip = f"{section.clip[0]:g} to {section.clip[1]:g}" if section.clip else None
    return facts(
        (
            ("trains", words.steps(section.steps)),
            ("algorithm", words.kind(section.algorithm)),
            ("updater", words.kind(section.updater)),
            ("rate", words.kind(section.rate)),
            ("weight decay", f"{section.weight_decay:g}" if section.weight_decay else None),
            ("clip", clip),
            ("clip norm", f"{section.clip_norm:g}" if section.clip_norm is not None else None),
            ("batch", words.count(section.batch, "record")),
            ("precision", section.precision),
            ("seed", str(section.seed)),
            ("starts from", section.start),
            ("measures", ", ".join(section.metrics)),
        )
    )


def origins(plan: Plan) -> Markup:
    """Data, sources, settings, versions."""
    data = joined(_data(record) for record in plan.data)
    settings = ", ".join(f"{name} = {value}" for name, value in plan.settings.items())
    sources = [(one.path, one.sha256[:16]) for one in plan.sources]
    made = facts(
        (
            ("made by", f"singalang {plan.singalang}, JAX {plan.jax}, plan format {plan.format}"),
            ("kernels for", ", ".join(plan.platforms)),
            ("predicted for", f"the machine {plan.machine}"),
            ("settings", settings),
            ("plan", plan.sha256),
        )
    )
    return joined((data, element("h4", "Sources"), table("sources", ("file", "sha256"), sources), made))


def _data(record: DataRecord) -> Markup:
    rows = []
    for phase, use in record.sources.items():
        how = ("shuffled" if use.shuffle else "in order") + (f", up to {use.random_skip} skipped" if use.random_skip else "")
        rows.append((phase, words.kind(use.source), str(use.batch), use.split, how))
    return joined(
        (element("h4", f"Data {record.name}"), table("data", ("phase", "source", "batch", "split", "order"), rows, numbers=(2,)))
    )
