"""Layers of a user's own: cut as they say, and told where what they say cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from singalang_compiler.partition.cut_net import Partitioned
from singalang_compiler.pipeline import Request, run
from singalang_grammar.diagnostics import Outcome
from tests.compiler.partition.cutting import only

KIND = '''
from singalang import Layer, Partition, layer


@layer("mix")
class Mix(Layer):
    """Mixes the features of a record."""

    def shape(self, inputs):
        return inputs[0]

    def forward(self, inputs, ctx):
        return inputs[0]

    def partitions(self, inputs):
        return {partitions}

    def exchange(self, inputs):
        return {exchange}
'''
PROGRAM = """
import mix from "mix.py"
data d { x: f32[8], y: class(4), train = csv("a.csv", batch = 8) }
net model { loss = (d.x -> dense(8) -> m: mix -> dense(4), d.y) -> softmax_loss }
updater sgd { lr = 0.1 }
train { steps = 10 }
topology t { workers = groups(1, size = 2), RULES }
"""


def cut(folder: Path, partitions: str, exchange: str = "0", rules: str = "") -> Outcome[Partitioned]:
    """What partitioning makes of a net with such a layer, the user's file being run."""
    (folder / "mix.py").write_text(KIND.format(partitions=partitions, exchange=exchange), encoding="utf-8")
    (folder / "main.singa").write_text(PROGRAM.replace("RULES", rules), encoding="utf-8")
    return run(Request(str(folder / "main.singa")), "partition")


def label_of(found: Outcome[Partitioned]) -> str:
    return {one.layer: f"{one.cut} {one.reason}" for one in only(found).decisions}["m"]


def test_a_layer_is_cut_as_it_says(tmp_path: Path) -> None:
    both = '(Partition("batch", (0,), 0), Partition("feature", (1,), 1))'
    assert label_of(cut(tmp_path, both, rules="on m { partition = feature }")) == "feature written"


def test_a_layer_that_cannot_be_cut_is_computed_by_every_worker(tmp_path: Path) -> None:
    found = cut(tmp_path, "()")
    assert label_of(found) == "none no-such-cut"
    assert [one.code for one in cut(tmp_path, "()", rules="on m { partition = batch }").diagnostics] == ["E0511"]
    exact = cut(tmp_path, "()", rules="sync { exact = true, shards = 2 }")
    assert [one.code for one in exact.diagnostics] == ["E0511"]


@pytest.mark.parametrize(
    ("partitions", "exchange", "text"),
    [
        ('(Partition("batch", (0, 0), 0),)', "0", "a partition for 2 inputs, where the layer has 1"),
        ('(Partition("feature", (2,), 1),)', "0", "axis 2 of input 1, which has 2"),
        ('(Partition("feature", (1,), 5),)', "0", "axis 5 of the output, which has 2"),
        ('(Partition("feature", (0,), 1),)', "0", "axis 0 of input 1 in a partition named `feature`"),
        ('(Partition("batch", (0,), 0, state={"mean": 0}),)', "0", "axis 0 of the state `mean`, which has 0"),
        ('("batch",)', "0", "`partitions` gives a tuple of `Partition`s named `batch` or `feature`"),
        ("None", "0", "TypeError: 'NoneType' object is not iterable"),
        ('(Partition("batch", (0,), 0),)', "-1", "`exchange` gives a whole number from 0"),
    ],
)
def test_what_cannot_be_is_told_at_the_layer(tmp_path: Path, partitions: str, exchange: str, text: str) -> None:
    [found] = cut(tmp_path, partitions, exchange).diagnostics
    assert found.code == "E0519" and found.primary is not None
    assert found.primary.span.text == "m: mix" and found.primary.text.startswith(text)


def test_a_layer_that_stops_is_told_at_its_line(tmp_path: Path) -> None:
    [found] = cut(tmp_path, "inputs[3]").diagnostics
    assert found.code == "E0494" and found.primary is not None and found.primary.span.text == "return inputs[3]"


def test_without_running_the_users_file_nothing_is_cut_and_nothing_is_wrong(tmp_path: Path) -> None:
    cut(tmp_path, "()")
    found = run(Request(str(tmp_path / "main.singa"), check=True), "partition")
    assert not found.diagnostics and not only(found).nets
