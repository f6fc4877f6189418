from __future__ import annotations

from tests.compiler.resolve.in_memory import DATA, codes, faults, layers, net, resolved


def test_layers_are_named_by_label_by_binding_and_by_kind() -> None:
    body = "h = d.x -> dense(4) -> relu -> a: dense(4) -> relu\nloss = (h, d.y) -> softmax_loss"
    assert layers(body) == ["dense1", "relu1", "a", "h", "loss"]


def test_automatic_numbers_skip_names_that_are_taken() -> None:
    assert layers("relu1 = d.x -> dense(4)\nh = relu1 -> relu -> tanh") == ["relu1", "relu2", "h"]


def test_a_label_in_a_loop_gets_a_running_number_across_nested_loops() -> None:
    body = "h = d.x -> for i in 1..2 { for j in 1..2 { fc: dense(i + j) -> relu } }"
    made = net(body)
    assert [name for name in made if name.startswith("fc")] == ["fc1", "fc2", "fc3", "fc4"]
    assert made["fc3"].inputs == ("relu2",)


def test_layers_in_a_block_have_dotted_names_and_their_own_numbers() -> None:
    block = "block x -> two(n) { inner = x -> dense(n) -> relu\n return inner -> last: dense(n) }\n"
    made = layers("h = d.x -> a: two(4) -> two(5) -> b: two(6)", before=block)
    assert made == ["a.dense1", "a.inner", "a.last", "two1.dense1", "two1.inner", "two1.last", "b.dense1", "b.inner", "b.last"]


def test_the_binding_names_the_instance_of_a_block() -> None:
    block = "block x -> two(n) { return x -> dense(n) -> dense(n) }\n"
    assert layers("h = d.x -> two(4)", before=block) == ["h.dense1", "h.dense2"]


def test_a_label_that_equals_its_binding_is_no_second_definition() -> None:
    assert layers("h = d.x -> dense(4) -> h: relu") == ["dense1", "h"]


def test_bindings_may_be_in_any_order() -> None:
    made = net("loss = (logits, d.y) -> softmax_loss\nlogits = h -> out: dense(3)\nh = d.x -> dense(4)")
    assert made["loss"].inputs == ("out", "d.y")
    assert made["out"].inputs == ("h",)


def test_a_label_of_another_statement_is_a_value() -> None:
    made = net("a = b.fc -> relu\nb = d.x -> fc: dense(4) -> tanh".replace("b.fc", "fc"))
    assert made["a"].inputs == ("fc",)


def test_a_layer_of_a_loop_is_reached_by_its_number() -> None:
    assert net("h = d.x -> for i in 1..3 { fc: dense(4) }\ng = fc2 -> relu")["g"].inputs == ("fc2",)


def test_a_layer_of_an_instance_is_reached_by_a_dot() -> None:
    block = "block x -> two(n) { return x -> a: dense(n) -> b: dense(n) }\n"
    assert net("h = d.x -> t: two(4)\ng = t.a -> relu", before=block)["g"].inputs == ("t.a",)


def test_an_automatic_name_as_a_value_is_a_warning() -> None:
    assert faults("h = d.x -> dense(4) -> relu -> dense(3)\ng = relu1 -> tanh") == [("E0132", "relu1")]


def test_bare_chains_stand_alone() -> None:
    assert layers("d.x -> fc: dense(4) -> relu\ng = fc -> tanh") == ["fc", "g", "relu1"]


def test_conditions_choose_a_whole_chain() -> None:
    body = "h = d.x -> a: dense(4)\ng = if a.width == 4 then h else h -> dense(4)\nk = (g + h) -> relu"
    made = net(body)
    assert made["add1"].inputs == ("a", "a")
    assert made["a"].name == "a"


def test_a_comprehension_builds_inputs_for_a_layer_with_many() -> None:
    made = net("t = [d.x -> w: dense(k) -> relu for k in [2, 3]]\nh = t -> concat(axis = 1)")
    assert made["h"].inputs == ("relu1", "relu2")
    assert "w2" in made


def test_operators_on_layers_are_layers() -> None:
    made = net("a = d.x -> dense(4)\nb = 0.5 * a - d.x * a + (-a)")
    assert [node.kind for node in made.values()].count("scale") == 3
    assert made["b"].kind == "add"
    assert {node.operation.attributes["factor"] for node in made.values() if node.kind == "scale"} == {0.5, -1.0}  # type: ignore[union-attr]


def test_a_stage_under_when_is_switched_by_phase() -> None:
    made = net("h = d.x -> dense(4) -> when not train { relu } -> dense(3)")
    assert made["when1"].inputs == ("relu1", "dense1")
    assert made["relu1"].phases == frozenset({"val", "test", "deploy", "sample"})
    assert made["h"].inputs == ("when1",)


def test_items_under_when_exist_in_their_phases_alone() -> None:
    made = net("h = d.x -> dense(4)\nwhen deploy, sample { p = h -> softmax }")
    assert made["p"].phases == frozenset({"deploy", "sample"})


def test_one_mistake_gives_one_message_and_the_rest_is_checked() -> None:
    body = "a = d.x -> dnse(4) -> relu -> b: dense(3)\nc = a -> dense(2)\ne = b + c\nf = d.x -> relou"
    assert faults(body) == [("E0201", "dnse"), ("E0201", "relou")]


def test_a_name_in_a_broken_statement_is_not_called_unknown() -> None:
    assert codes(DATA + "net n {\n h = d.x -> -> dense(4)\n g = h -> relu\n}\n") == ["E0002"]


def test_a_cycle_is_told_with_all_its_members() -> None:
    outcome = resolved(DATA + "net n {\n a = b -> relu\n b = c -> relu\n c = (a + d.x) -> relu\n}\n")
    (found,) = outcome.diagnostics
    assert found.title == "the net has a cycle: a -> b -> c -> a"
    assert found.primary is not None and found.primary.span.text == "a"
    assert [label.text for label in found.secondary] == [f"`{name}` is defined here" for name in "abc"]


def test_shadowing_is_an_error_everywhere() -> None:
    top = "k = 1\n" + DATA
    assert codes(top + "net n { h = d.x -> for k in 1..2 { dense(k) } }\n") == ["E0104"]
    assert codes(top + "net n { k = d.x -> dense(2), h = k -> relu }\n") == ["E0104"]
    assert codes(top + "net n { h = d.x -> k: dense(2) }\n") == ["E0104"]
    assert codes(top + "net n { h = [d.x -> dense(k) for k in 1..2] -> concat }\n") == ["E0104"]
    assert codes(top + "block k -> b() { return k -> relu }\nnet n { h = d.x -> b }\n") == []


def test_a_block_sees_its_own_names_and_not_its_callers() -> None:
    text = DATA + "block x -> b() { return (x + h) -> relu }\nnet n { h = d.x -> dense(4)\n g = h -> b }\n"
    assert codes(text) == ["E0101"]


def test_a_block_that_nobody_uses_is_checked() -> None:
    assert codes("block x -> b(n) { return x -> dens(n) -> relu(3) }\n") == ["E0201", "E0116"]


def test_two_values_of_one_name_are_told() -> None:
    assert faults("h = d.x -> relu\nh = d.x -> tanh") == [("E0102", "h")]
    assert faults("h = d.x -> fc: dense(4)\ng = h -> fc: dense(3)") == [("E0102", "fc: dense(3)")]
