"""Random nets under random legal topologies, as programs: DAGs of vectors of 8 and images of [4, 4, 4]."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.compiler.partition.cutting import TRAIN

DATA = """
data d {
  x: f32[8]
  image: f32[4, 4, 4]
  y: class(8)
  train = csv("a.csv", batch = 32)
  test = csv("b.csv", batch = 10)
}
"""
UNARY = ("relu", "dense(8)", "dense(8, bias = none)", "tanh", "softmax")
VECTORS = dict.fromkeys(UNARY, 1) | {"add": 2, "mul": 3}
IMAGE_UNARY = ("relu", "conv(4, 3, pad = 1)", "conv(4, 3, pad = 1, bias = none)", "lrn", "maxpool(3, stride = 1, pad = 1)")
IMAGES = dict.fromkeys(IMAGE_UNARY, 1) | {"add": 2}
BY_FEATURE = ("dense", "relu", "tanh", "add", "mul", "conv", "maxpool", "batchnorm", "dropout")


@dataclass(frozen=True)
class Layer:
    """A layer of a random net: its kind as it is written, and what it reads."""

    name: str
    kind: str
    inputs: tuple[str, ...]


@st.composite
def nets(draw: st.DrawFn, statistics: bool) -> tuple[Layer, ...]:
    """Layers, each after its inputs; the last is the loss."""
    more = {"batchnorm": 1} if statistics else {"batchnorm(over = local)": 1}
    vectors, images, layers = ["d.x"], ["d.image"], []
    for number in range(draw(st.integers(1, 10))):
        values, kinds = draw(st.sampled_from([(vectors, VECTORS | more), (images, IMAGES | more)]))
        kind = draw(st.sampled_from(sorted(kinds)))
        inputs = tuple(draw(st.sampled_from(values[-4:])) for _ in range(kinds[kind]))
        layers.append(Layer(f"v{number}", kind, inputs))
        values.append(f"v{number}")
        if values is images and draw(st.booleans()):
            layers += [Layer(f"f{number}", "flatten", (f"v{number}",)), Layer(f"w{number}", "dense(8)", (f"f{number}",))]
            vectors.append(f"w{number}")
    layers.append(Layer("top", "dense(8)", (draw(st.sampled_from(vectors)),)))
    layers.append(Layer("other", "square_loss", (draw(st.sampled_from(vectors)), "d.x")))
    return (*layers, Layer("loss", "softmax_loss", ("top", "d.y")))


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A program with a net and one topology `t` that it can be cut by."""
    micro_batches = draw(st.sampled_from([1, 1, 2]))
    net = draw(nets(micro_batches == 1))
    stages, workers = draw(st.integers(1, 3)), draw(st.sampled_from([1, 2, 4]))
    default = draw(st.sampled_from(["batch", "feature", "none", "auto"]))
    rules, of = [], {"d.x": 0, "d.image": 0, "d.y": 0}
    for layer in net:
        least = max(of[source] for source in layer.inputs)
        of[layer.name] = draw(st.integers(least, stages - 1)) if layer.name != "loss" else stages - 1
        fields = [f"stage = {of[layer.name]}"] if of[layer.name] != least or draw(st.booleans()) else []
        legal = ["batch", "none", "auto", *(["feature"] if layer.kind.startswith(BY_FEATURE) else [])]
        fields += [f"partition = {draw(st.sampled_from(legal))}"] if draw(st.booleans()) else []
        fields += ["remat = true"] if draw(st.integers(0, 5)) == 0 else []
        rules += [f"on {layer.name} {{ {', '.join(fields)} }}"] if fields else []
    used = sorted({of[one.name] for one in net})
    of_stage = {stage: place for place, stage in enumerate(used)}
    text = "\n".join(rules)
    for stage, place in of_stage.items():
        text = text.replace(f"stage = {stage}", f"stage = {place}")
    body = "\n".join(f"  {one.name} = ({', '.join(one.inputs)}) -> {one.kind}" for one in net)
    workers = 2 if workers * len(used) * micro_batches == 1 else workers * len(used)
    head = f"workers = groups(1, size = {workers}), partition = {default}, micro_batches = {micro_batches}"
    return f"{DATA}net model {{\n{body}\n}}\n{TRAIN}topology t {{ {head}\n{text}\n}}\n"
