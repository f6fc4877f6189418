"""The metric kind `loss`: the objective, as it is reported."""

from __future__ import annotations

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Metric
from singalang_compiler.library.kinds import metric
from singalang_compiler.library.tensors import Inputs, ShapeError


@metric("loss")
class Loss(Metric):
    """The objective: of each record the sum of the values of the net's loss layers. Lower is better.

    Reported under this name of every net that has a loss layer; no program needs to write it.

    Shapes: [] -> one number a record.
    Source: SINGA v0.3 reference 5.5.
    """

    arity = (1, 1)
    better = "lower"

    def check(self, inputs: Inputs) -> None:
        if inputs[0].shape:
            raise ShapeError(f"a loss is one number a record, not {inputs[0]}", input=0)

    def measure(self, inputs: tuple[Array, ...], ops: Ops) -> Array:
        return inputs[0]
