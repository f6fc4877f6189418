"""Programs whose numbers go wrong at a known place, trained here, and what NumPy makes of their steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from safetensors.numpy import load_file

from singalang_compiler.lower.write import write
from singalang_runtime.culprit import telling
from singalang_runtime.culprit.records import Found
from singalang_runtime.culprit.replay import Target
from singalang_runtime.culprit.search import RunAt, search
from singalang_runtime.execute import ExecRequest, ExitStatus, execute
from singalang_runtime.feed.open import open_feed
from singalang_runtime.report.silent import Silent
from tests.programs import compiled

Array: TypeAlias = np.ndarray[Any, Any]
KINDS = """
from __future__ import annotations
from singalang import Layer, layer

@layer("logarithm")
class Logarithm(Layer):
    '''y = log x. Shapes: any -> the same.'''

    def shape(self, inputs):
        return inputs[0]

    def forward(self, inputs, ctx):
        return ctx.ops.np.log(inputs[0])

@layer("root")
class Root(Layer):
    '''y = sqrt x. Shapes: any -> the same.'''

    def shape(self, inputs):
        return inputs[0]

    def forward(self, inputs, ctx):
        return ctx.ops.np.sqrt(inputs[0])

@layer("inverse")
class Inverse(Layer):
    '''y = 1 / x. Shapes: any -> the same.'''

    def shape(self, inputs):
        return inputs[0]

    def forward(self, inputs, ctx):
        return 1 / inputs[0]

@layer("square")
class Square(Layer):
    '''y = x * x. Shapes: any -> the same.'''

    def shape(self, inputs):
        return inputs[0]

    def forward(self, inputs, ctx):
        return inputs[0] * inputs[0]
"""
TOPOLOGIES = """
topology one { workers = groups(1, size = 1) }
topology batch { preset = allreduce, workers = groups(1, size = 2), partition = batch }
topology feature {
  preset = allreduce, workers = groups(1, size = 2), partition = batch
  on fc1, fc2 { partition = feature }
}
topology stages {
  preset = allreduce, workers = groups(1, size = 2), micro_batches = 2
  on fc1..fc2 { stage = 0 }
  on own..loss { stage = 1 }
}
"""
FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "logarithm": np.log,
    "root": np.sqrt,
    "inverse": np.reciprocal,
    "square": np.square,
}


@dataclass(frozen=True)
class Poisoned:
    """digits -> fc1 -> sigmoid1 -> fc2 -> own -> fc3 -> loss, of which `kind` is the kind of `own`; fc2 begins with `weight` and
    `bias` everywhere. `train` and `std` are what the program says there."""

    kind: str = "logarithm"
    lr: str = "0.3"
    weight: str = "0.01"
    bias: str = "0.5"
    std: str = "1"
    clip: str = ""
    train: str = "steps = 60, log = every(60)"
    topology: str = "one"
    steps: int = field(default=60, kw_only=True)

    @property
    def text(self) -> str:
        return f"""import {self.kind} from "kinds.py"
data digits {{
  image: f32[64]
  label: class(10)
  std   = {self.std}
  train = digits(batch = 20)
}}
net n {{
  h = digits.image -> fc1: dense(16) -> sigmoid -> fc2: dense(10, weight = constant({self.weight}), bias = constant({self.bias}))
  s = h -> own: {self.kind} -> fc3: dense(10)
  loss = (s, digits.label) -> softmax_loss
}}
updater sgd {{ lr = {self.lr}{self.clip} }}
train {{ {self.train} }}
{TOPOLOGIES}"""

    def trained(
        self, folder: Path, cache: Path, *, reporter: Any = None, debug: bool = False, told: bool = False, local: bool = True
    ) -> Ran:
        """Compiles it and runs it, if `local` in this process. It is looked for the culprit only if he is to be `told`."""
        made = compiled(self.text, "plan", topology=self.topology, check=False, files={"kinds.py": KINDS})
        assert made.value is not None, made.diagnostics
        folder.mkdir()
        write(made.value, folder / "plan.json")
        request = ExecRequest(
            plan=folder / "plan.json",
            reporter=reporter or Silent(),
            run=folder / "run",
            data=folder,
            local=local,
            cache=cache,
            debug=debug,
        )
        with pytest.MonkeyPatch.context() as patch:
            if not told:
                patch.setattr(telling, "find_culprit", lambda *given, **options: Found())
            return Ran(self, made.value.plan, folder, cache, execute(request))


@dataclass(frozen=True)
class Ran:
    """A program that was run in a folder."""

    program: Poisoned
    plan: Any
    folder: Path
    cache: Path
    status: ExitStatus

    def searched(self, step: int, section: int = 0, limit_s: float = 60.0) -> Found:
        """What a search finds, in this process."""
        return search(RunAt(self.folder / "run", None, self.cache), Target(section, step, limit_s))

    def tensors(self, step: int) -> dict[str, Array]:
        """The parameters of a checkpoint, by name."""
        path = self.folder / "run" / "checkpoints" / f"step-{step:08d}" / "tensors.safetensors"
        return {key.removeprefix("parameters/"): tensor for key, tensor in load_file(path).items() if key.startswith("parameters/")}

    @cached_property
    def feed(self) -> Any:
        """The run's data."""
        section = self.plan.sections[0]
        return open_feed(self.plan.data, seed=section.seed, folder=self.folder, beside=self.folder).value

    def values(self, step: int, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """What each layer before the loss gives in the step after `step` steps, in single precision, by NumPy."""
        with np.errstate(all="ignore"):
            image = self.feed.take(step)[0].astype(np.float32) / np.float32(self.program.std)

            def dense(name: str, x: Array) -> Array:
                return np.asarray(x @ tensors[f"{name}.weight"] + tensors[f"{name}.bias"], np.float32)

            found = {"fc1": dense("fc1", image)}
            found["sigmoid1"] = (1 / (1 + np.exp(-found["fc1"]))).astype(np.float32)
            found["fc2"] = dense("fc2", found["sigmoid1"])
            found["own"] = FUNCTIONS[self.program.kind](found["fc2"])
            found["fc3"] = dense("fc3", found["own"])
            return found
