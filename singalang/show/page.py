"""The whole page: one file of HTML with its style and script inside, which needs no network. Equal plans give equal pages."""

from __future__ import annotations

from importlib.resources import files
from math import prod

from singalang import words
from singalang.show import lists
from singalang.show.details import Details, as_data
from singalang.show.kernels import kernels
from singalang.show.markup import Markup, data_island, element, joined
from singalang.show.net import Net
from singalang.show.net_details import net_details
from singalang.show.picture import picture
from singalang.show.processes import processes
from singalang.show.programs import programs
from singalang_compiler.plan import Plan, SectionRecord

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""What a browser may load for the page: nothing but what stands in it."""


def page(plan: Plan) -> str:
    """The page of a plan."""
    details: dict[str, Details] = {}
    alone = len(plan.sections) == 1
    nets = [Net(plan, section, "" if alone else f"{section.name}/") for section in plan.sections]
    sections = joined(_section(net, details, alone) for net in nets)
    body = (
        _patterns(),
        _header(plan),
        element(
            "main",
            sections,
            _part("decisions", "Decisions", lists.decisions(plan)),
            _part("origins", "Data and origins", lists.origins(plan)),
        ),
        _drawer(),
        data_island("details", as_data(details)),
        element("script", Markup(_file("page.js"))),
    )
    return "<!doctype html>\n" + element("html", _head(plan), element("body", *body), lang="en") + "\n"


def _file(name: str) -> str:
    return files("singalang.show").joinpath(name).read_text(encoding="utf-8")


def _head(plan: Plan) -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="generator", content=f"singalang {plan.singalang}"),
        element("title", f"{plan.name}: plan"),
        element("link", rel="icon", href="data:,"),
        element("style", Markup(_file("page.css"))),
    )


def _header(plan: Plan) -> Markup:
    topology = plan.topology
    workers = topology.worker_groups * topology.workers_per_group
    told = f"plan for topology {topology.name}: {words.count(workers, 'worker')}, {plan.semantics}"
    parts = ("net", "processes", "programs", "kernels", "parameters", "decisions", "origins")
    first = "" if len(plan.sections) == 1 else f"{plan.sections[0].name}/"
    own = ("decisions", "origins")
    links = (element("a", part, href=f"#{part if part in own else first + part}") for part in parts)
    search = element("input", type="search", id="search", placeholder="find a layer", aria_label="find a layer", autocomplete="off")
    return element(
        "header",
        element("div", element("h1", plan.name), element("p", told), class_="title"),
        element("nav", joined(links), aria_label="parts of the page"),
        element("div", search, element("output", id="found", for_="search"), class_="search"),
        element("button", "dark", type="button", id="theme", title="light or dark"),
    )


def _section(net: Net, details: dict[str, Details], alone: bool) -> Markup:
    details.update(net_details(net))
    parts = (
        ("processes", "Processes", processes(net, details)),
        ("programs", "Programs", programs(net)),
        ("kernels", "Kernels", kernels(net, details)),
        ("parameters", "Parameters", lists.parameters(net)),
    )
    heading = None if alone else element("h2", f"train {net.section.name}", class_="train-name")
    drawn = _part(f"{net.prefix}net", f"Net {net.section.net}", _net(net))
    return element(
        "section",
        heading,
        _figures(net),
        drawn,
        joined(_part(f"{net.prefix}{name}", title, content) for name, title, content in parts),
        class_="train",
    )


def _part(name: str, title: str, content: Markup) -> Markup:
    return element("section", element("h3", title), content, id=name, class_="part-of-page")


def _figures(net: Net) -> Markup:
    """The section's numbers at a glance."""
    plan, section = net.plan, net.section
    numbers = sum(prod(net.parameters[name].shape) for name in section.parameter_names)
    memory = [record.total for record in section.group.memory] if section.group else list(plan.estimate.memory_bytes.values())
    moved = sum(link.step_bytes for link in section.group.links) if section.group else 0
    group = section.group
    shape = [words.count(group.workers if group else 1, "worker")]
    if group:
        shape.append(words.count(len(group.servers), "server"))
        shape += [words.count(group.stages, "stage")] if group.stages > 1 else []
        shape += [words.count(group.micro_batches, "micro-batch", "micro-batches")] if group.micro_batches > 1 else []
        shape += [f"exact sums of {words.count(group.shards, 'shard')}"] if group.shards else []
    figures = (
        ("a step", words.seconds(section.step_s), _speed(section)),
        ("the whole run", *_run(section)),
        ("work of a step", f"{words.short(_flops(section))} flops", words.count(section.batch, "record")),
        ("parameters", words.short(numbers), words.count(len(net.layers), "layer")),
        ("moved in a step", words.bytes_(moved) if moved else "nothing", "between processes"),
        ("memory", words.bytes_(max(memory, default=0)), "of the largest process" if len(plan.processes) > 1 else "of the process"),
        ("processes", f"{len(plan.processes):,}", ", ".join(shape)),
    )
    tiles = (
        element("div", element("dt", name), element("dd", value), element("dd", more, class_="more"), class_="tile")
        for name, value, more in figures
    )
    return joined(
        (
            element("dl", joined(tiles), class_="tiles"),
            element("details", element("summary", "How it learns"), lists.learning(section)),
        )
    )


def _run(section: SectionRecord) -> tuple[str, str]:
    """How long a section takes, and how many steps, as far as they are known."""
    steps = words.steps(section.steps)
    if section.steps.steps is None or not section.step_s:
        return steps, ""
    return words.seconds(section.step_s * section.steps.steps), steps


def _speed(section: SectionRecord) -> str:
    return f"predicted; {words.short(section.batch / section.step_s)} records/s" if section.step_s else "not predicted"


def _flops(section: SectionRecord) -> int:
    trained = (layer for layer in section.layers if "train" in layer.phases or not layer.phases)
    return section.batch * sum(layer.forward_flops + layer.backward_flops for layer in trained)


def _net(net: Net) -> Markup:
    colours = [("cut", "how it is cut"), ("work", "share of the work"), ("piece", "kernels by turns")]
    if net.group is None:
        colours = colours[1:2]
    options = joined(element("option", text, value=value) for value, text in colours)
    choice = element("label", "colour ", element("select", options, class_="colour")) if len(colours) > 1 else None
    tools = element(
        "div",
        _legend(net),
        choice,
        element(
            "span", _button("out", "−", "smaller"), _button("in", "+", "larger"), _button("fit", "fit", "whole net"), class_="zoom"
        ),
        class_="tools",
    )
    view = element("div", picture(net), class_="view", tabindex=0, role="region", aria_label="picture of the net")
    return joined((tools, view))


def _button(name: str, text: str, told: str) -> Markup:
    return element("button", text, type="button", data_zoom=name, title=told, aria_label=told)


def _legend(net: Net) -> Markup:
    cuts = (("batch", "by batch: rows"), ("feature", "by feature: columns"), ("none", "whole: not cut"))
    items = [_swatch(f"cut-{name}", text, "cut") for name, text in cuts] if net.group else []
    if net.connections:
        items.append(_swatch("connection", "connection", ""))
    items += [_swatch(f"heat-{heat}", text, "work") for heat, text in ((0, "little work"), (4, "most work"))]
    items += (
        [_swatch(f"piece-{number}", text, "piece") for number, text in ((0, "kernels 0, 2, …"), (1, "kernels 1, 3, …"))]
        if net.group
        else []
    )
    colour = "cut" if net.group else "work"
    return element("ul", joined(items), class_="legend", data_colour=colour)


def _swatch(name: str, text: str, colour: str) -> Markup:
    drawn = element(
        "svg", element("rect", width=14, height=14, rx=3), class_=f"swatch {name}", viewBox="0 0 14 14", width=14, height=14
    )
    return element("li", drawn, text, data_of=colour or None)


def _drawer() -> Markup:
    close = element("button", "×", type="button", id="close", aria_label="close")
    return element("aside", close, element("div", id="told"), id="drawer", hidden=True, aria_label="details")


def _patterns() -> Markup:
    """Stripes for how layers are cut, so that nobody needs to tell colours apart: rows for batch, columns for feature."""
    batch = element("pattern", element("rect", width=6, height=6, class_="ground"), element("rect", width=6, height=3),
                    id="batch", width=6, height=6, patternUnits="userSpaceOnUse", class_="cut-batch")  # fmt: skip
    feature = element("pattern", element("rect", width=6, height=6, class_="ground"), element("rect", width=3, height=6),
                      id="feature", width=6, height=6, patternUnits="userSpaceOnUse", class_="cut-feature")  # fmt: skip
    return element("svg", element("defs", batch, feature), class_="patterns", width=0, height=0, aria_hidden="true")
