"""Every updater kind, twenty steps, against PyTorch's optimizer of the same name, in float64."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from singalang_compiler.library import kinds
from tests.library.updaters.problem import AROUND, GRADIENTS, RATES, START, Around, Arrays, Case, case_of, ours, worst

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

ALL = [(kind, case) for kind in kinds.names("updaters") for case in import_module(f"tests.library.updaters.cases.{kind}").CASES]


def by_torch(case: Case, around: Around) -> Arrays:
    values = {name: torch.nn.Parameter(torch.tensor(value, dtype=torch.float64)) for name, value in START.items()}
    groups = [
        {"params": [value], "lr": 0.1, "weight_decay": around.weight_decay * around.wd_scale[name]}
        for name, value in values.items()
    ]
    optimizer = case.torch(groups)
    for gradients, rate in zip(GRADIENTS, RATES, strict=True):
        for (name, value), group in zip(values.items(), optimizer.param_groups, strict=True):
            value.grad = torch.tensor(gradients[name])
            group["lr"] = float(rate) * around.lr_scale[name]
        if around.clip is not None:
            for value in values.values():
                value.grad.clamp_(*around.clip)
        if around.clip_norm is not None:
            norm = torch.nn.utils.get_total_norm([value.grad for value in values.values()])
            # PyTorch adds 1e-6 to the norm that it divides by.
            torch.nn.utils.clip_grads_with_norm_(list(values.values()), around.clip_norm, norm - 1e-6)
        optimizer.step()
    return {name: np.asarray(value.detach().numpy()) for name, value in values.items()}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(("kind", "case"), ALL)
def test_twenty_steps_equal_pytorch(kind: str, case: str, around: str) -> None:
    wanted = by_torch(case_of(kind, case), AROUND[around])
    assert worst(ours(kind, case, around, "f64")[0], wanted) < 1e-6
