"""`singa show`: one page that shows a plan, whole, safe and without a network."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from singalang import words
from singalang.show.markup import Markup, data_island, element, escaped
from singalang.show.net import Net
from singalang.show.page import page
from singalang.show.processes import slice_sizes
from singalang.show.timeline import play
from singalang_compiler.pipeline import Request, check, compile_program
from singalang_compiler.plan import Plan, Reason, to_bytes
from singalang_compiler.plan_group import GroupRecord, RunStep
from tests.commands.shell import PROGRAM, Shell, environment, process

GROUPS = """
topology cut {
  workers   = groups(1, size = 2)
  partition = batch
  on fc1 { partition = feature }
}

topology staged {
  workers       = groups(1, size = 4)
  servers       = groups(1, size = 2)
  separate      = true
  partition     = batch
  micro_batches = 4
  on fc1, relu1 { stage = 0 }
  on out, loss { stage = 1 }
}
"""
NASTY = "</script><script>alert(1)</script>\"'&<!-- \x00"


class Page(HTMLParser):
    """A page taken apart: elements with their attributes, what each holds as text, and whether all are closed in order."""

    VOID = frozenset({"meta", "input", "link", "br", "!doctype"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self._open[-1] if self._open else "", data))

    def values(self, attribute: str) -> list[str]:
        """All values of an attribute."""
        return [given[attribute] for _, given in self.elements if attribute in given]

    def classed(self, name: str) -> list[dict[str, str]]:
        """The attributes of the elements of a class."""
        return [given for _, given in self.elements if name in given.get("class", "").split()]

    @property
    def details(self) -> dict[str, Any]:
        """What the page's script is given."""
        [island] = [
            text
            for text, (tag, given) in zip(self._scripts(), self._script_elements(), strict=True)
            if given.get("id") == "details"
        ]
        found: dict[str, Any] = json.loads(island)
        return found

    def _scripts(self) -> list[str]:
        return [text for tag, text in self.texts if tag == "script"]

    def _script_elements(self) -> list[tuple[str, dict[str, str]]]:
        return [one for one in self.elements if one[0] == "script"]


@pytest.fixture(scope="session")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the plans of a program for one worker, for two that cut a layer, and for four in two stages."""
    folder = tmp_path_factory.mktemp("plans")
    program = folder / "first.singa"
    program.write_text(PROGRAM + GROUPS, encoding="utf-8")
    for topology in ("laptop", "cut", "staged"):
        compiled = compile_program(Request(str(program), topology=topology)).value
        assert compiled is not None
        (folder / f"{topology}.json").write_bytes(to_bytes(compiled.plan))
    return folder


def read(plans: Path, name: str) -> Plan:
    return msgspec.json.decode((plans / f"{name}.json").read_bytes(), type=Plan)


def group_of(plan: Plan) -> GroupRecord:
    group = plan.sections[0].group
    assert group is not None
    return group


@pytest.fixture(params=["laptop", "cut", "staged"])
def plan(request: pytest.FixtureRequest, plans: Path) -> Plan:
    """Each of the plans."""
    return read(plans, request.param)


def test_the_page_is_written_beside_the_plan_and_its_path_is_told(shell: Shell, plans: Path) -> None:
    shutil.copy(plans / "laptop.json", shell.folder / "model.json")
    told = shell("singa", "show", "model.json")
    assert (told.code, told.out, told.err) == (0, "wrote model.html\n", "")
    assert (shell.folder / "model.html").read_text(encoding="utf-8") == page(read(plans, "laptop"))


def test_the_page_goes_where_it_is_sent(shell: Shell, plans: Path) -> None:
    assert shell("singa", "show", plans / "cut.json", "-o", "there.html").code == 0
    told = shell("singa", "show", plans / "cut.json", "-o", "-")
    assert told.out == (shell.folder / "there.html").read_text(encoding="utf-8")
    assert [path.name for path in shell.folder.iterdir()] == ["there.html"]


def test_what_is_no_plan_is_told_as_every_command_does(shell: Shell) -> None:
    shell.write("broken.json", '{"format": "1.1"}')
    for name, code in (("none.json", "E0701"), ("broken.json", "E0702")):
        told = shell("singa", "show", name)
        assert told.code == 1 and f"error[{code}]" in told.err
        assert not told.out and not list(shell.folder.glob("*.html"))


def test_an_edited_plan_is_not_shown(shell: Shell, plans: Path) -> None:
    text = (plans / "laptop.json").read_text(encoding="utf-8")
    shell.write("edited.json", text.replace('"seed": 0', '"seed": 1'))
    told = shell("singa", "show", "edited.json", "--diagnostics", "json")
    assert told.code == 1 and [one["code"] for one in json.loads(told.out)] == ["E0704"]


def test_a_page_that_cannot_be_written_is_told(shell: Shell, plans: Path) -> None:
    told = shell("singa", "show", plans / "laptop.json", "-o", "nowhere/page.html")
    assert told.code == 1 and "error[E0814]" in told.err


def test_the_page_never_takes_the_place_of_the_plan(shell: Shell, plans: Path) -> None:
    shutil.copy(plans / "laptop.json", shell.folder / "model.html")
    before = (shell.folder / "model.html").read_bytes()
    for output in ([], ["-o", "model.html"]):
        assert shell("singa", "show", "model.html", *output).code == 2
    assert (shell.folder / "model.html").read_bytes() == before


def test_equal_plans_give_equal_pages_and_jax_stays_away(plans: Path, plan: Plan) -> None:
    code = (
        "import sys, hashlib, msgspec; from singalang.show.page import page; from singalang_compiler.plan import Plan;"
        "import singalang.commands.show;"
        "text = page(msgspec.json.decode(open(sys.argv[1], 'rb').read(), type=Plan));"
        "assert not {'jax', 'numpy', 'lark'} & set(sys.modules);"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    path = plans / f"{plan.topology.name}.json"
    seeds = ("1", "2")
    told = {
        process(sys.executable, "-c", code, path, folder=plans, env=environment(plans, PYTHONHASHSEED=seed)).stdout
        for seed in seeds
    }
    assert len(told) == 1 and len(told.pop()) == 65


def test_the_page_asks_nothing_of_a_network(plan: Plan) -> None:
    text = page(plan)
    shown = Page(text)
    assert all(link.startswith(("#", "data:")) for link in [*shown.values("href"), *shown.values("src")])
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", text.replace("// ", ""))
    [policy] = [given["content"] for _, given in shown.elements if given.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")


def test_whatever_can_be_chosen_has_details_and_these_lead_to_others(plan: Plan) -> None:
    shown = Page(page(plan))
    details = shown.details
    chosen = [*shown.values("data-id"), *shown.values("data-show"), *shown.values("data-from")]
    assert chosen and set(chosen) <= set(details)
    links = {other for one in details.values() for _, others in one["l"] for other, _ in others}
    assert links and links <= set(details)
    identities = shown.values("id")
    assert len(identities) == len(set(identities))
    assert {link[1:] for link in shown.values("href") if link.startswith("#")} <= set(identities)


def test_every_layer_stands_in_the_picture_with_its_shape_and_parameters(plan: Plan) -> None:
    shown = Page(page(plan))
    marks = {mark["data-id"] for mark in shown.classed("layer")}
    assert marks == {f"layer/{layer.name}" for layer in plan.sections[0].layers}
    texts = [text for tag, text in shown.texts if tag == "text"]
    assert {"fc1", "dense [16]", "1.04k", "digits.image", "data class(10)"} <= set(texts)
    assert ["weight", "[64, 16] = 1,024 numbers"] in shown.details["layer/fc1"]["f"]


def test_what_a_layer_reads_and_is_read_by_is_a_step_away(plans: Path) -> None:
    links = links_of(Page(page(read(plans, "laptop"))), "layer/relu1")
    assert links == [["reads", [["layer/fc1", "fc1"]]], ["read by", [["layer/out", "out"]]]]


def links_of(shown: Page, name: str) -> list[Any]:
    found: list[Any] = shown.details[name]["l"]
    return found


def test_how_each_layer_is_cut_is_said_in_a_word(plans: Path) -> None:
    plan = read(plans, "cut")
    shown = Page(page(plan))
    cut = {mark["data-id"]: mark["class"] for mark in shown.classed("layer")}
    assert "cut-feature" in cut["layer/fc1"]
    assert all("cut-batch" in names for name, names in cut.items() if name != "layer/fc1")
    assert "by feature" in [text for _, text in shown.texts]
    facts = dict(shown.details["layer/fc1"]["f"])
    assert facts["cut"].startswith("feature: each worker computes a part")
    assert facts["because"].startswith("the program says so") and "not batch" in facts
    assert all("cut-one" in mark["class"] for mark in Page(page(read(plans, "laptop"))).classed("layer"))


@pytest.mark.parametrize("name", ["cut", "staged"])
def test_stages_and_pieces_are_those_into_which_the_net_was_cut(plans: Path, name: str) -> None:
    plan = read(plans, name)
    net = Net(plan, plan.sections[0], "")
    placed = check(Request(str(plans / "first.singa"), topology=name)).value
    assert placed is not None
    nodes = {node.name: node for node in placed.sections[0].cut.nets["train"].nodes}
    assert nodes and {name: (node.stage, node.level, node.cut.label) for name, node in nodes.items()} == {
        name: (cut.stage, net.levels[name], cut.label) for name, cut in net.cuts.items()
    }


def test_connections_stand_between_the_layers_that_they_join_with_their_bytes(plans: Path) -> None:
    plan = read(plans, "cut")
    shown = Page(page(plan))
    marks = {mark["data-id"] for mark in shown.classed("connection") if "data-id" in mark}
    connections = [one for one in group_of(plan).connections if one.phase == "train"]
    assert connections and marks == {f"connection/{one.name}" for one in connections}
    for one in connections:
        facts = dict(shown.details[f"connection/{one.name}"]["f"])
        assert not one.step_bytes or facts["moves"].startswith(words.bytes_(one.step_bytes))
        for reader in one.consumers:
            sources = dict((name, others) for name, others in links_of(shown, f"layer/{reader}"))["reads"]
            assert [f"connection/{one.name}", one.name] in sources


def test_stages_have_frames_that_name_their_workers(plans: Path) -> None:
    texts = [text for _, text in Page(page(read(plans, "staged"))).texts]
    assert "stage 0 · workers 0, 1" in texts and "stage 1 · workers 2, 3" in texts
    assert not any(text.startswith("stage ") for text in (text for _, text in Page(page(read(plans, "cut"))).texts))


def test_processes_are_shown_with_what_they_do_and_their_memory(plans: Path) -> None:
    plan = read(plans, "staged")
    shown = Page(page(plan))
    told = [dict(one["f"]) | {"what": one["w"]} for name, one in shown.details.items() if name.startswith("process/")]
    does = {one["does"] for one in told}
    assert {"workers 0, 1, stage 0", "workers 2, 3, stage 1", "servers 0, 1"} <= does
    for record in group_of(plan).memory:
        assert words.bytes_(record.total) in {one.get("memory in all") for one in told}


def test_slices_are_as_long_as_the_plan_says(plan: Plan) -> None:
    group = plan.sections[0].group
    if group is None:
        return
    counted = [sum(one.size for one in group.segments_of(server)) for server in group.servers]
    assert slice_sizes(group) == counted
    shown = Page(page(plan))
    assert {f"{size:,}" for size in counted} <= {text for tag, text in shown.texts if tag == "span"}


def test_the_picture_of_a_step_keeps_the_order_of_programs_and_waits_for_what_is_sent(plans: Path) -> None:
    group = group_of(read(plans, "staged"))
    for evenly in (True, False):
        played = play(group, evenly)
        for lane, role in enumerate(group.roles):
            own = [one for one in played if one.lane == lane]
            assert [(one.call, one.micro) for one in own] == [(s.call, s.micro) for s in role.step if isinstance(s, RunStep)]
            assert all(one.last_s <= other.first_s for one, other in pairwise(own))
        first = {one.micro: one.last_s for one in played if one.lane == 0 and one.call.startswith("forward")}
        later = [one for one in played if one.lane == 1]
        assert all(one.first_s >= first[one.micro] for one in later)
        back = {one.micro: one.first_s for one in played if one.lane == 0 and one.call.startswith("backward")}
        assert all(back[micro] >= max(one.last_s for one in later if one.micro == micro) for micro in back)
        servers = [one for one in played if one.lane == len(group.roles)]
        assert servers and all(one.first_s >= other.last_s for one in servers for other in played if other.lane != one.lane)


def test_one_forward_one_backward_is_seen_in_the_picture_of_a_step(plans: Path) -> None:
    group = group_of(read(plans, "staged"))
    order = [f"{one.call[0]}{one.micro}" for one in play(group) if one.lane == 0]
    assert order == ["f0", "f1", "b0", "f2", "b1", "f3", "b2", "b3"]
    texts = [text for tag, text in Page(page(read(plans, "staged"))).texts if tag == "text"]
    assert {"F0", "B0", "F3", "B3", "U"} <= set(texts)


def test_programs_list_every_instruction_and_call(plans: Path) -> None:
    plan = read(plans, "staged")
    shown = Page(page(plan))
    chips = len(shown.classed("chip"))
    roles = group_of(plan).roles
    assert chips == sum(len(role.step) + sum(map(len, role.evaluate.values())) for role in roles) + len(group_of(plan).server_step)
    calls = {f"call/{role.name}/{call}" for role in roles for call in role.calls}
    assert calls | {"call/servers/update"} <= set(shown.details)


def test_decisions_stand_with_their_reasons_and_what_was_rejected(plan: Plan) -> None:
    texts = " ".join(text for tag, text in Page(page(plan)).texts if tag == "td")
    for decision in plan.decisions:
        assert decision.about in texts and words.REASONS[decision.reason] in texts
        assert all(other.choice in texts for other in decision.rejected)


def test_every_reason_has_words() -> None:
    assert set(words.REASONS) == set(get_args(Reason))


def renamed(plan: Plan, old: str, new: str) -> Plan:
    """The plan with a layer, and everything that is called by its name, called otherwise; and the plan too."""
    text = msgspec.json.encode(msgspec.structs.replace(plan, name=new)).decode()
    fresh = json.dumps(new)[1:-1]
    return msgspec.json.decode(
        text.replace(f'"{old}', f'"{fresh}').replace(f".{old}", f".{fresh}").replace(f"({old})", f"({fresh})"), type=Plan
    )


@pytest.mark.parametrize("name", ["laptop", "cut"])
def test_names_cannot_break_out_of_the_page(shell: Shell, plans: Path, name: str) -> None:
    plan = renamed(read(plans, name), "fc1", NASTY)
    (shell.folder / "nasty.json").write_bytes(to_bytes(plan))
    assert shell("singa", "show", "nasty.json").code == 0
    text = (shell.folder / "nasty.html").read_text(encoding="utf-8")
    shown = Page(text)
    assert sum(tag == "script" for tag, _ in shown.elements) == 2
    assert "\x00" not in text and "<!--" not in text
    assert shown.details[f"layer/{NASTY}"]["t"] == NASTY
    plain = Page(page(read(plans, name)))
    assert [tag for tag, _ in shown.elements] == [tag for tag, _ in plain.elements if tag]


def test_several_train_sections_have_pictures_of_their_own(plans: Path) -> None:
    plan = read(plans, "laptop")
    twice = (plan.sections[0], msgspec.structs.replace(plan.sections[0], name="again"))
    shown = Page(page(msgspec.structs.replace(plan, sections=twice)))
    assert {"train/layer/fc1", "again/layer/fc1"} <= set(shown.details)
    identities = shown.values("id")
    assert len(identities) == len(set(identities)) and {"train/net", "again/net"} <= set(identities)


def test_a_plan_of_a_thousand_layers_makes_a_page_of_a_few_megabytes(plans: Path) -> None:
    plan = read(plans, "laptop")
    section = plan.sections[0]
    relu = next(layer for layer in section.layers if layer.kind == "relu")
    chain = [msgspec.structs.replace(relu, name=f"r{n}", inputs=(f"r{n - 1}" if n else "fc1",)) for n in range(1000)]
    longer = msgspec.structs.replace(section, layers=(*section.layers, *chain))
    text = page(msgspec.structs.replace(plan, sections=(longer,)))
    assert len(Page(text).classed("layer")) == 1000 + len(section.layers)
    assert len(text) < 3_000_000


def test_what_is_put_into_an_element_is_escaped_unless_it_is_markup() -> None:
    assert element("p", "<b>", Markup("<i></i>"), class_='"') == '<p class="&quot;">&lt;b&gt;<i></i></p>'
    assert escaped("a\x1bb") == "a\ufffdb"
    assert "</script" not in data_island("x", {"</script>": "<!--"})[:-9]


def chromium() -> str | None:
    return next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)


def in_a_browser(path: Path, place: str) -> tuple[str, str]:
    """What a browser makes of a page, and what it complains of.

    Its own files lie in a folder with a short name: the path of a socket there must stay below 108 bytes.
    """
    with tempfile.TemporaryDirectory(prefix="page") as folder:
        done = process(
            str(chromium()),
            "--headless=new",
            "--no-sandbox",
            "--enable-logging=stderr",
            f"--user-data-dir={folder}/profile",
            "--dump-dom",  # when the page has loaded: its script has run by then
            f"file://{path}#{place}",
            folder=Path(folder),
        )
    assert done.returncode == 0, done.stderr
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


@pytest.mark.slow
@pytest.mark.skipif(chromium() is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("name", ["laptop", "cut", "staged"])
def test_a_browser_runs_the_page_and_opens_what_its_address_names(plans: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(page(read(plans, name)), encoding="utf-8")
    drawn, complaints = in_a_browser(path, "layer/fc1")
    assert not complaints
    shown = Page(drawn)
    assert [mark["data-id"] for mark in shown.classed("chosen") if "data-id" in mark] == ["layer/fc1"]
    assert "[64, 16] = 1,024 numbers" in [text for tag, text in shown.texts if tag == "dd"]
