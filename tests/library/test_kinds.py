"""How kinds are declared, found and read: annotations as text, conditions, comments as documentation, instances."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest

from singalang_compiler.library import kinds
from singalang_compiler.library.attributes import (
    FAMILIES,
    AnnotationError,
    AttributeType,
    BoundedType,
    FamilyType,
    NoneType,
    ScalarType,
    TupleType,
    UnionType,
    UnitType,
    WordType,
    parse_annotation,
)
from singalang_compiler.library.contract import Layer, Schedule, Updater
from singalang_compiler.library.kinds import MISSING, Attribute, Configured, Kind, docs_in, field_docs, kind_of
from singalang_compiler.library.tensors import Inputs, TensorSpec

INT, FLOAT, STR = ScalarType("int"), ScalarType("float"), ScalarType("str")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("int", INT),
        ("bool", ScalarType("bool")),
        ("Steps", ScalarType("Steps")),
        ("Name", ScalarType("Name")),
        ("None", NoneType()),
        ("Seconds", UnitType("Seconds")),
        ("Bandwidth", UnitType("Bandwidth")),
        ("Schedule", FamilyType("schedules")),
        ("Initialiser", FamilyType("inits")),
        ("Literal['mean', 'sum_time']", WordType(("mean", "sum_time"))),
        ("Literal['one']", WordType(("one",))),
        ("int | None", UnionType((INT, NoneType()))),
        ("int | float | str", UnionType((INT, FLOAT, STR))),
        ("int | (float | str)", UnionType((INT, FLOAT, STR))),
        ("tuple[int, float]", TupleType((INT, FLOAT))),
        ("tuple[int]", TupleType((INT,))),
        ("tuple[int, ...]", TupleType((INT,), repeated=True)),
        ("tuple[tuple[Steps, float], ...]", TupleType((TupleType((ScalarType("Steps"), FLOAT)),), repeated=True)),
        ("Annotated[int, 'x >= 1']", BoundedType(INT, "x >= 1")),
        ("Annotated[float, '0 <= x < 1'] | None", UnionType((BoundedType(FLOAT, "0 <= x < 1"), NoneType()))),
        ("  int ", INT),
        ("typing.Literal['a']", WordType(("a",))),
        ("t.Annotated[t.Any.int, 'x > 0']", BoundedType(INT, "x > 0")),
        ("'int'", INT),
        ("'int | None'", UnionType((INT, NoneType()))),
        ("tuple['int', ...]", TupleType((INT,), repeated=True)),
    ],
)
def test_an_annotation_is_read_as_text(text: str, wanted: AttributeType) -> None:
    assert parse_annotation(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "in t",
        "complex",
        "list[int]",
        "dict[str, int]",
        "Optional[int]",
        "int()",
        "3",
        "Literal[1, 2]",
        "Literal['a', b]",
        "Annotated[int, x >= 1]",
        "Annotated[int]",
        "Annotated[int, 'x']",
        "Annotated[int, '']",
        "Annotated[int, 'y >= 1']",
        "Annotated[int, 'x == 1']",
        "Annotated[int, 'x >= 1.2.3']",
        "Annotated[int, 'x >= e']",
        "Annotated[int, 'x >= 1 and x < 3']",
        "Annotated[complex, 'x >= 1']",
        "int | complex",
        "tuple",
        "...",
        "'complex'",
        "lambda: int",
        "int\0",
    ],
)
def test_what_means_nothing_to_the_language_is_no_annotation(text: str) -> None:
    with pytest.raises(AnnotationError) as raised:
        parse_annotation(text)
    assert "`" in str(raised.value)


@pytest.mark.parametrize(
    ("condition", "inside", "outside"),
    [
        ("x >= 1", [1, 1.5, 2], [0, 0.999, -1]),
        ("x > 0", [1e-30, 5], [0, -1]),
        ("0 <= x < 1", [0, 0.5], [1, -1e-9]),
        ("0 < x <= 1", [1, 1e-9], [0, 1.1]),
        ("-2.5 <= x <= 1e3", [-2.5, 1000], [-2.6, 1001]),
        ("x != 0", [1, -1], [0, 0.0]),
        ("x < 1e-3", [0, 9e-4], [1e-3]),
        ("x <= .5", [0.5], [0.51]),
        ("1 < x", [2], [1]),
        ("x>=1", [1], [0]),
    ],
)
def test_a_condition_admits_what_it_says(condition: str, inside: list[float], outside: list[float]) -> None:
    bounded = parse_annotation(f"Annotated[float, '{condition}']")
    assert isinstance(bounded, BoundedType)
    assert [bounded.admits(value) for value in inside] == [True] * len(inside)
    assert [bounded.admits(value) for value in outside] == [False] * len(outside)


def test_a_condition_holds_for_each_item_and_says_nothing_of_what_is_no_number() -> None:
    bounded = BoundedType(TupleType((TupleType((INT, FLOAT)),), repeated=True), "x >= 0")
    assert bounded.admits(((0, 0.5), (3, 0.1)))
    assert not bounded.admits(((0, 0.5), (3, -0.1)))
    assert bounded.admits(())
    for value in (None, "word", True, False, object()):
        assert bounded.admits(value)
    assert not BoundedType(FLOAT, "x >= 0").admits(float("nan"))


def test_types_are_named_in_plain_words() -> None:
    said = {
        "Annotated[int, 'x >= 1'] | None": "a whole number of at least 1 or `none`",
        "Annotated[float, '0 <= x < 1']": "a number from 0 to below 1",
        "Annotated[float, '0 <= x <= 1']": "a number from 0 to 1",
        "Annotated[float, '0 < x <= 1']": "a number above 0 and up to 1",
        "Annotated[float, '-1 < x < 1']": "a number above -1 and below 1",
        "Annotated[float, 'x != 0']": "a number other than 0",
        "Annotated[int, '1 <= x <= 9007199254740991']": "a whole number of at least 1",
        "tuple[Annotated[int, 'x >= 1'], ...]": "a list of whole numbers of at least 1",
    }
    for annotation, words in said.items():
        assert str(parse_annotation(annotation)) == words
    assert str(parse_annotation("tuple[int, float]")) == "(a whole number, a number)"
    assert str(parse_annotation("tuple[str, ...]")) == "a list of strings"
    assert str(parse_annotation("Literal['a', 'b']")) == "one of `a`, `b`"
    for name in ("bool", "Name", "Steps", "Seconds", "Bytes", "Bandwidth", *FAMILIES):
        assert str(parse_annotation(name))


def test_shapes_are_shown_as_a_program_writes_them() -> None:
    assert str(TensorSpec((3, 32, 32))) == "[3, 32, 32]"
    assert str(TensorSpec(())) == "[]"
    assert str(TensorSpec((), "i32", 10)) == "class(10)"
    assert str(TensorSpec((50,), "i32", 101)) == "class(101)[50]"
    assert TensorSpec((3, 4)).size == 12
    assert TensorSpec(()).size == 1
    assert len(Inputs((TensorSpec(()),))) == 1


@pytest.mark.parametrize("family", FAMILIES.values())
def test_a_family_is_the_files_of_its_folder(family: str) -> None:
    folder = Path(kinds.__file__).parent / family
    assert kinds.names(family) == tuple(sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__"))
    for name in kinds.names(family):
        kind = kinds.find(family, name)
        assert kind is not None
        assert (kind.family, kind.name, kind.origin) == (family, name, None)
        assert kind.cls is not None
        assert dataclasses.is_dataclass(kind.cls)


@pytest.mark.parametrize("family", FAMILIES.values())
def test_the_file_of_a_kind_imports_no_array_library(family: str) -> None:
    program = f"""
import sys
from singalang_compiler.library import kinds
for name in kinds.names({family!r}):
    kinds.find({family!r}, name)
print(*sorted(set(sys.modules) & {{"jax", "numpy", "networkx", "lark"}}))
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


@pytest.mark.parametrize("name", ["", "no_such_kind", "__init__", "../updaters/sgd", "SGD", "sgd.py"])
def test_what_is_no_file_is_no_kind(name: str) -> None:
    assert kinds.find("updaters", name) is None


def test_decorators_and_families_are_the_same_list() -> None:
    assert set(kinds.DECORATORS.values()) == set(FAMILIES.values())
    for name in kinds.DECORATORS:
        assert callable(getattr(kinds, name))


@kinds.layer("shift")
class Shift(Layer):
    """Adds a constant.

    Shapes: any -> the same.
    """

    arity = (1, 3)

    by: Annotated[float, "x != 0"]  # what is added: "#1"
    mark: str = "#"  # a mark # and more
    wide: Annotated[
        int,
        "x >= 1",  # not this
    ] = 3  # but this
    silent: bool = False

    def shape(self, inputs: Inputs) -> TensorSpec:
        local: TensorSpec = inputs[0]  # no attribute
        return local


def test_a_kind_is_read_from_its_class() -> None:
    kind = kind_of(Shift, "mine.py")
    assert (kind.family, kind.name, kind.origin) == ("layers", "shift", "mine.py")
    assert kind.attributes == (
        Attribute("by", BoundedType(FLOAT, "x != 0"), MISSING),
        Attribute("mark", STR, "#"),
        Attribute("wide", BoundedType(INT, "x >= 1"), 3),
        Attribute("silent", ScalarType("bool"), False),
    )
    assert kind.constants["arity"] == (1, 3)
    assert kind.constants["is_loss"] is False
    assert kind.doc == "Adds a constant.\n\nShapes: any -> the same."
    assert kind.attribute("by") == kind.attributes[0]
    assert kind.attribute("to") is None


def test_kinds_of_one_name_are_the_same_only_if_they_come_from_one_file() -> None:
    mine, other = kind_of(Shift, "mine.py"), kind_of(Shift, "other.py")
    assert mine == kind_of(Shift, "mine.py")
    assert mine != other
    assert mine != "shift"
    assert len({mine, other, kind_of(Shift, "mine.py")}) == 2


def test_the_comment_behind_a_field_is_its_documentation() -> None:
    assert field_docs(Shift) == {"by": 'what is added: "#1"', "mark": "a mark # and more", "wide": "but this"}


def test_documentation_is_read_from_any_text_of_a_class() -> None:
    assert docs_in("class A:\n    x: int = 1  #   one  \n    y = 2  # no field\n    z: int\n") == {"x": "one"}
    assert docs_in("    class A:\n        x: int  # indented\n") == {"x": "indented"}
    assert docs_in("import os\n@layer('a')\nclass A:\n    '''x: int  # no'''\n    y: str = '''\n# no\n'''  # yes\n") == {"y": "yes"}
    for text in ("", "x: int  # no class", "class A:\n  x: int = (", "class A:\n\tx: int\n  y: int"):
        assert docs_in(text) == {}


def test_a_class_without_a_file_has_no_documentation_of_its_fields() -> None:
    space: dict[str, Any] = {"__name__": "made_up"}
    exec("class A:\n    x: int  # lost\n", space)
    assert field_docs(space["A"]) == {}


def test_a_kind_without_a_docstring_has_no_documentation() -> None:
    @kinds.schedule("bare")
    class Bare(Schedule):
        rate_at_start: float = 1.0

    assert kind_of(Bare).doc == ""


def test_a_file_without_the_future_import_is_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '''
from typing import Annotated, Literal, Optional
import typing
from singalang_compiler.library.attributes import Steps
from singalang_compiler.library.contract import Initialiser, Layer
from singalang_compiler.library.kinds import layer

@layer("mine")
class Mine(Layer):
    """Mine."""
    steps: Annotated[Steps, "x >= 1"]  # evaluated, it would be an int
    init: Initialiser | None = None
    reduce: typing.Literal["mean", "sum"] = "mean"
    sizes: tuple[int, ...] = (1, 2)
    later: "float" = 0.5
'''
    (tmp_path / "own_kinds.py").write_text(text)
    (tmp_path / "own_kinds_future.py").write_text("from __future__ import annotations\n" + text)
    monkeypatch.syspath_prepend(tmp_path)
    from importlib import import_module

    plain, future = (kind_of(import_module(name).Mine) for name in ("own_kinds", "own_kinds_future"))
    assert plain.attributes == future.attributes
    assert [str(attribute.type) for attribute in plain.attributes] == [
        "a number of steps or `epochs(n)` of at least 1",
        "a number or an initialiser such as `gaussian(std = 0.01)` or `none`",
        "one of `mean`, `sum`",
        "a list of whole numbers",
        "a number",
    ]


def test_a_default_may_be_made_and_a_field_may_be_no_attribute() -> None:
    @kinds.updater("made")
    class Made(Updater):
        """Made."""

        sizes: tuple[int, ...] = dataclasses.field(default_factory=lambda: (1, 2))
        inner: int = dataclasses.field(init=False, default=3)

    assert kind_of(Made).attributes == (Attribute("sizes", TupleType((INT,), repeated=True), (1, 2)),)


def test_an_instance_has_its_attributes_and_those_that_are_kinds_are_instances_too() -> None:
    sgd, fixed = kinds.find("updaters", "sgd"), kinds.find("schedules", "fixed")
    assert sgd is not None
    assert fixed is not None
    made = Configured(sgd, {"momentum": 0.5, "nesterov": True}).instance()
    assert (type(made), made.momentum, made.nesterov) == (sgd.cls, 0.5, True)
    assert Configured(sgd).name == "sgd"

    @kinds.schedule("best_of")
    class BestOf(Schedule):
        """Best of."""

        choices: tuple[Schedule, ...]
        first: Schedule

    rates = [Configured(fixed, {"base": rate}) for rate in (0.1, 0.2)]
    both = Configured(kind_of(BestOf), {"choices": tuple(rates), "first": rates[0]}).instance()
    assert [choice.base for choice in both.choices] == [0.1, 0.2]
    assert both.first == rates[0].instance()


def test_a_kind_whose_file_has_not_been_run_has_no_instance() -> None:
    assert Configured(Kind("layers", "mine", (), {}, origin="mine.py"), {"a": 1}).instance() is None


def test_an_instance_cannot_be_changed() -> None:
    shift = kind_of(Shift)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Configured(shift, {"by": 1.0}).instance().by = 2.0
