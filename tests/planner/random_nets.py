"""Random programs for the planner: nets of every layer kind, up to 30 layers, under random topologies. Equal seeds, equal texts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random

from singalang_grammar.diagnostics import Diagnostic
from tests.programs import compiled

Shape = tuple[int, ...]
ELEMENTWISE = ("relu", "sigmoid", "tanh", "stanh", "scale(0.7)", "dropout(0.3)")


@dataclass
class Value:
    """A value of the net: how the program names it, and its shape."""

    name: str
    shape: Shape


@dataclass
class Growing:
    """A net while it grows. `local` says whether batchnorm may share no statistics (with several micro-batches)."""

    random: Random
    statistics: bool
    values: list[Value] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    dense: dict[Shape, list[str]] = field(default_factory=dict)  # by the shape of their weight

    def add(self, inputs: list[Value], call: str, shape: Shape) -> Value:
        """A layer with a label and a name of its own."""
        number = len(self.labels) + 1
        label, name = f"l{number}", f"v{number}"
        written = ", ".join(value.name for value in inputs)
        self.lines.append(f"  {name} = {f'({written})' if len(inputs) > 1 else written} -> {label}: {call}")
        self.labels.append(label)
        self.unread = [one for one in self.unread if one not in {value.name for value in inputs}]
        self.values.append(Value(name, shape))
        self.unread.append(name)
        return self.values[-1]

    def pick(self) -> Value:
        """A value to go on from, mostly a late one."""
        late = self.values[-4:]
        return self.random.choice(late if self.random.random() < 0.8 else self.values)


def random_program(seed: int, layers: int = 30) -> str:
    """A program with a topology called `random`. It may be one that the compiler refuses, with a code."""
    random = Random(seed)
    workers, stages = random.choice([(1, 1), (2, 1), (2, 1), (3, 1), (4, 1), (4, 1), (2, 2), (4, 2), (3, 3), (6, 2)])
    micro = random.choice([1, 1, 1, 2, 3])
    per_stage = workers // stages
    batch = per_stage * micro * random.choice([1, 2, 3])
    side, channels, length = random.choice([4, 6]), random.choice([1, 2, 4]), random.choice([4, 12])
    net = Growing(random, micro == 1)
    net.values = [Value("d.image", (channels, side, side)), Value("d.row", (length,)), Value("d.steps", (3, 4))]
    wanted = 1 + int((layers - 6) * random.random() ** 3)  # mostly small ones
    while len(net.labels) < wanted:
        grow(net)
    finish(net)
    stages = stages if len(net.labels) > stages else 1
    workers = per_stage * stages
    data = (
        f"data d {{\n  image: f32[{channels}, {side}, {side}]\n  row: f32[{length}]\n  steps: f32[3, 4]\n  label: class(4)\n"
        f'  train = csv("a.csv", batch = {batch})\n}}\n'
    )
    precision = "train { steps = 3, precision = f64 }\n"
    rate = "updater sgd { lr = 1, momentum = 0.5" + random.choice(["", ", clip_norm = 1.0", ", weight_decay = 0.01"]) + " }\n"
    body = "\n".join(net.lines)
    return f"{data}net n {{\n{body}\n}}\n{rate}{precision}{topology(net, workers, stages, micro)}"


def grow(net: Growing) -> None:
    """One more layer, after a value of any rank."""
    random, value = net.random, net.pick()
    same = [other for other in net.values if other.shape == value.shape and other.name != value.name]
    if same and random.random() < 0.25:
        net.add([value, random.choice(same)], random.choice(["add", "mul"]), value.shape)
    elif random.random() < 0.1:
        join(net, value)
    elif len(value.shape) == 3:
        grow_image(net, value)
    elif len(value.shape) == 2:
        grow_sequence(net, value)
    else:
        grow_row(net, value)


def join(net: Growing, value: Value) -> None:
    """A concat along an axis in which another value may differ."""
    axis = net.random.randint(1, len(value.shape))
    rest = value.shape[: axis - 1] + value.shape[axis:]
    fit = [one for one in net.values if len(one.shape) == len(value.shape) and one.shape[: axis - 1] + one.shape[axis:] == rest]
    other = net.random.choice(fit)
    shape = (*value.shape[: axis - 1], value.shape[axis - 1] + other.shape[axis - 1], *value.shape[axis:])
    if max(shape) <= 48:
        net.add([value, other], f"concat(axis = {axis})", shape)


def grow_image(net: Growing, value: Value) -> None:
    """A layer on images."""
    random, (channels, height, width) = net.random, value.shape
    match random.randrange(7):
        case 0 | 1:
            filters, kernel = random.choice([2, 4, 6, 12]), random.choice([1, 3])
            stride = random.choice([1, 1, 2])
            size = [(length + 2 * (kernel // 2) - kernel) // stride + 1 for length in (height, width)]
            bias = random.choice(["", ", bias = none"])
            net.add([value], f"conv({filters}, {kernel}, stride = {stride}, pad = {kernel // 2}{bias})", (filters, *size))
        case 2 if min(height, width) >= 2:
            kind = random.choice(["maxpool", "avgpool"])
            net.add([value], f"{kind}(2)", (channels, (height - 2) // 2 + 1, (width - 2) // 2 + 1))
        case 3:
            net.add([value], "lrn(3)", value.shape)
        case 4:
            normalise(net, value)
        case 5:
            net.add([value], "flatten", (channels * height * width,))
        case _:
            net.add([value], random.choice(ELEMENTWISE), value.shape)


def grow_sequence(net: Growing, value: Value) -> None:
    """A layer on sequences."""
    match net.random.randrange(5):
        case 0 | 1:
            units = net.random.choice([2, 4, 6])
            net.add([value], f"dense({units})", (value.shape[0], units))
        case 2:
            net.add([value], "softmax", value.shape)
        case 3:
            normalise(net, value)
        case _:
            net.add([value], net.random.choice(ELEMENTWISE), value.shape)


def grow_row(net: Growing, value: Value) -> None:
    """A layer on rows of numbers."""
    match net.random.randrange(6):
        case 0 | 1 | 2:
            dense(net, value, net.random.choice([4, 6, 12, 24]))
        case 3:
            normalise(net, value)
        case 4:
            net.add([value], "softmax", value.shape)
        case _:
            net.add([value], net.random.choice(ELEMENTWISE), value.shape)


def dense(net: Growing, value: Value, units: int) -> Value:
    """A dense layer, now and then with the weight of another one."""
    shape = (value.shape[0], units)
    bias = net.random.choice(["", ", bias = none"])
    if net.random.random() < 0.2 and (owners := net.dense.get(shape)):
        return net.add([value], f"dense({units}, weight = {net.random.choice(owners)}.weight{bias})", (units,))
    if net.random.random() < 0.2 and (owners := net.dense.get((units, value.shape[0]))):
        return net.add([value], f"dense({units}, weight = transpose({net.random.choice(owners)}.weight){bias})", (units,))
    made = net.add([value], f"dense({units}{bias})", (units,))
    net.dense.setdefault(shape, []).append(net.labels[-1])
    return made


def normalise(net: Growing, value: Value) -> None:
    """Batch normalisation over the whole batch, where that is possible."""
    if net.statistics:
        net.add([value], "batchnorm", value.shape)


def finish(net: Growing) -> None:
    """Everything unread is joined and ends in losses."""
    rows = []
    for name in list(net.unread):
        value = next(one for one in net.values if one.name == name)
        rows.append(value if len(value.shape) == 1 else net.add([value], "flatten", (product(value.shape),)))
    whole = net.add(rows, "concat", (sum(row.shape[0] for row in rows),)) if len(rows) > 1 else rows[0]
    scores = dense(net, whole, 4)
    net.lines.append(f"  loss = ({scores.name}, d.label) -> softmax_loss")
    if net.random.random() < 0.3:
        length = next(value.shape[0] for value in net.values if value.name == "d.row")
        drawn = dense(net, whole, length)
        net.lines.append(f"  far = ({drawn.name}, d.row) -> square_loss(scale = 0.3)")
    if net.random.random() < 0.2:
        net.lines.append(f"  right = ({scores.name}, d.label) -> accuracy")


def topology(net: Growing, workers: int, stages: int, micro: int) -> str:
    """A topology for it: stages in the order of the layers, partitions by default and by rule."""
    random = net.random
    bounds = sorted(random.sample(range(1, len(net.labels)), stages - 1)) if len(net.labels) >= stages else []
    rules = []
    for number, label in enumerate(net.labels):
        said = []
        if stages > 1:
            said.append(f"stage = {sum(number >= bound for bound in bounds)}")
        if random.random() < 0.3:
            said.append(f"partition = {random.choice(['batch', 'feature', 'none'])}")
        if random.random() < 0.1:
            said.append("remat = true")
        if said:
            rules.append(f"  on {label} {{ {', '.join(said)} }}")
    servers = random.choice([1, 2, 3, workers])
    lines = [
        f"  workers = groups(1, size = {workers})",
        f"  servers = groups(1, size = {servers})",
        f"  separate = {random.choice(['true', 'false'])}",
        f"  partition = {random.choice(['batch', 'feature', 'none', 'auto'])}",
        f"  micro_batches = {micro}",
    ]
    return "topology random {\n" + "\n".join(lines + rules) + "\n}\n"


def product(shape: Shape) -> int:
    """Number of elements."""
    size = 1
    for length in shape:
        size *= length
    return size


def legal_program(seed: int, layers: int = 30) -> str:
    """A program that the compiler accepts with the topology `random`: rules for what a layer cannot do are taken out."""
    text = random_program(seed, layers)
    for _ in range(40):
        wrong = [one for one in compiled(text, "place", topology="random").diagnostics if one.severity == "error"]
        if not wrong:
            return text
        assert {one.code for one in wrong} <= {"E0511", "E0512"}, (seed, [(one.code, one.title) for one in wrong])
        for one in sorted(wrong, key=lambda one: -_start(one)):
            line = text.rfind("\n", 0, _start(one)) + 1
            end = text.index("\n", line)
            text = text[:line] + re.sub(r",? *partition = \w+", "", text[line:end]).replace("{,", "{") + text[end:]
        text = re.sub(r"^  on \w+ \{ *\}\n", "", text, flags=re.MULTILINE)
    raise AssertionError(f"seed {seed} gives no legal program")


def _start(one: Diagnostic) -> int:
    assert one.primary is not None
    return one.primary.span.start
