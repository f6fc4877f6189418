from __future__ import annotations

from tests.compiler.resolve.in_memory import DATA, faults, job, net


def init_of(body: str, layer: str, parameter: str = "weight", before: str = "") -> tuple[str, dict[str, object]]:
    setting = net(body, before=before)[layer].parameters[parameter]
    assert setting.init is not None
    return setting.init.name, dict(setting.init.attributes)


CHAIN = "h = d.x -> a: dense(4) -> relu -> b: dense(4) -> relu -> c: dense(4)\n"


def test_a_number_is_a_constant() -> None:
    assert init_of("h = d.x -> a: dense(4, bias = 0.5)", "a", "bias") == ("constant", {"value": 0.5})


def test_the_layer_is_stronger_than_rules_and_later_rules_than_earlier_ones() -> None:
    rules = "on all dense { weight = 1 }\non b, c { weight = 2 }\non c { bias = 3 }\n"
    body = rules + CHAIN.replace("c: dense(4)", "c: dense(4, weight = 9)")
    assert [init_of(body, name)[1]["value"] for name in "abc"] == [1.0, 2.0, 9.0]


def test_param_merges_field_by_field() -> None:
    rules = "on all { bias = param(1, lr_scale = 2, wd_scale = 0) }\non b { bias = param(lr_scale = 3) }\n"
    made = net(rules + CHAIN.replace("c: dense(4)", "c: dense(4, bias = 7)"))
    settings = {name: made[name].parameters["bias"] for name in "abc"}
    assert {name: (one.lr_scale, one.wd_scale) for name, one in settings.items()} == {"a": (2, 0), "b": (3, 0), "c": (2, 0)}
    assert settings["c"].init is not None and settings["c"].init.attributes["value"] == 7.0


def test_init_and_scales_of_a_layer_serve_all_its_parameters() -> None:
    made = net("h = d.x -> a: dense(4, init = uniform(-0.1, 0.1), lr_scale = 0.5, bias = 0)")["a"].parameters
    assert made["weight"].init is not None and made["weight"].init.name == "uniform"
    assert made["bias"].init is not None and made["bias"].init.name == "constant"
    assert made["weight"].lr_scale == made["bias"].lr_scale == 0.5


def test_a_range_means_every_layer_on_a_path() -> None:
    rules = "on a..b { weight = 5 }\n"
    made = net(rules + CHAIN + "side = a -> s: dense(4)")
    told = {name for name, node in made.items() if "weight" in node.parameters}
    assert told == {"a", "b"}


def test_a_glob_means_layers_by_their_full_names() -> None:
    block = "block x -> two() { return x -> up: dense(4) -> down: dense(4) }\n"
    made = net('on "layer*.up" { weight = 5 }\nh = d.x -> for i in 1..2 { layer: two }', before=block)
    assert {name for name, node in made.items() if node.parameters} == {"layer1.up", "layer2.up"}


def test_an_instance_and_a_loop_label_stand_for_all_their_layers() -> None:
    block = "block x -> two() { return x -> up: dense(4) -> down: dense(4) }\n"
    made = net(
        "on layer1 { weight = 5 }\non fc { weight = 6 }\nh = d.x -> for i in 1..2 { layer: two -> fc: dense(4) }", before=block
    )
    found = {name: node.parameters["weight"].init for name, node in made.items() if node.parameters}
    assert {name: init.attributes["value"] for name, init in found.items() if init} == {
        "layer1.up": 5.0,
        "layer1.down": 5.0,
        "fc1": 6.0,
        "fc2": 6.0,
    }


def test_a_rule_for_all_skips_kinds_without_the_attribute_and_a_named_kind_does_not() -> None:
    assert faults("on all { bias = 1 }\nh = d.x -> dense(4) -> relu") == []
    assert faults("on all relu { bias = 1 }\nh = d.x -> dense(4) -> relu") == [("E0110", "bias")]


def test_rules_set_attributes_too() -> None:
    made = net("on all dropout { ratio = 0.25 }\nh = d.x -> dropout")
    assert made["h"].operation.attributes["ratio"] == 0.25  # type: ignore[union-attr]


def test_a_selector_that_means_nothing_is_told_with_the_nearest_name() -> None:
    body = 'on dens { weight = 1 }\non "x*" { weight = 1 }\non b..a { weight = 1 }\non all conv { weight = 1 }\n'
    assert faults(body + CHAIN) == [("E0207", "dens"), ("E0207", '"x*"'), ("E0207", "b..a"), ("E0207", "all conv")]


def test_a_mistake_in_a_rule_is_told_once() -> None:
    assert faults("on all dense { weight = gaussian(sdt = 1) }\n" + CHAIN) == [("E0110", "sdt")]


def test_parameters_are_shared_transposed_and_across_nets() -> None:
    text = DATA + (
        "net one { h = d.x -> a: dense(8) -> b: dense(4, weight = transpose(a.weight)) }\n"
        "net two { g = d.x -> c: dense(8, weight = one.a.weight, bias = one.a.bias)\n"
        "  -> e: dense(4, weight = transpose(c.weight)) }\n"
    )
    nets = job(text).nets
    tied = nets["one"].graph["b"].parameters["weight"].shared
    assert tied is not None and (tied.net, tied.layer, tied.name, tied.transposed) == ("one", "a", "weight", True)
    across = nets["two"].graph["c"].parameters["bias"].shared
    assert across is not None and (across.net, across.layer, across.name) == ("one", "a", "bias")
    through = nets["two"].graph["e"].parameters["weight"].shared
    assert through is not None and (through.net, through.layer, through.transposed) == ("one", "a", True)


def test_layers_of_another_net_go_through_lists_and_loops() -> None:
    text = DATA + (
        "net one { h = d.x -> a: dense(8) -> b: dense(4) }\n"
        "net two { g = d.x -> for r in [one.a, one.b] { enc: dense(weight = r.weight, bias = r.bias) } }\n"
    )
    shared = [job(text).nets["two"].graph[name].parameters["weight"].shared for name in ("enc1", "enc2")]
    assert [one.layer for one in shared if one] == ["a", "b"]


def test_none_leaves_a_parameter_out() -> None:
    assert net("h = d.x -> a: dense(4, bias = none)")["a"].parameters["bias"].absent


def test_shapes_are_known_while_the_net_is_made() -> None:
    made = net("h = d.x -> a: dense(2 * d.x.width) -> b: dense(a.width + len(d.x.shape))")
    assert made["a"].operation.attributes["units"] == 8  # type: ignore[union-attr]
    assert made["b"].operation.attributes["units"] == 9  # type: ignore[union-attr]
