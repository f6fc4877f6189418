from __future__ import annotations

from singalang_compiler.library.metrics.loss import Loss
from singalang_compiler.library.tensors import TensorSpec
from tests.library.metrics.case import Case

CASES = {
    "a number": Case(Loss(), (TensorSpec(()),), float, wrong=(((TensorSpec((3,)),), r"a loss is one number a record, not \[3\]"),))
}
