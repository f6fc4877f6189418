from __future__ import annotations

from singalang_grammar.render.terminal import render
from tests.compiler.resolve.in_memory import resolved
from tests.conftest import Golden

PROGRAM = """\
arg batch = 0
import two from "lib.singa"
data cifar {
  image: f32[3, 32, 32]
  label: class(10)
  train = csv("train.csv", batch = batch)
}
net c {
  main = cifar.image -> c1: conv(64, 3, pad = 1, stride = 2) -> rleu
  skip = cifar.image -> p1: conv(64, 1)
  h    = main + skip
  g    = skip + p1 -> relu
  k    = skip -> for n in [4, 0] { fc: dense(n) }
  a = b -> relu
  b = (a + cifar.image) -> conv(3, 3, pad = 1)
  m = skip -> two(kernal = 3)
  loss: (h, cifar.label)
  on all conv { weight = gausian(std = 0.01) }
}
updater sgd {
  lr = 0.1
  momentun = 0.9
}
train { steps: 1000, test = every(10), loss = h }
topology wide {
  workers   = groups(1, size = 8)
  partition = feautre
  on c1..p1 { stage = 9 }
}
tpology narrow { }
"""
LIBRARY = "block x -> two(kernel) { return x -> conv(8, kernel) -> flaten }\n"


def test_all_mistakes_of_a_program_are_told_in_one_run(golden: Golden) -> None:
    outcome = resolved(PROGRAM, {"lib.singa": LIBRARY}, ("batch=-1",))
    golden("compiler/resolve/many.txt", render(outcome.diagnostics, colour=False))


def test_the_order_and_the_texts_do_not_depend_on_the_run() -> None:
    once, again = (resolved(PROGRAM, {"lib.singa": LIBRARY}) for _ in range(2))
    assert render(once.diagnostics, colour=False) == render(again.diagnostics, colour=False)
