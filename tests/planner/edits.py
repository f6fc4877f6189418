"""Single edits of the example programs and of their topologies, with the layers that each affects, worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass

Replacements = tuple[tuple[str, str], ...]
"""What is sought in a program's text, where it stands once, and what is put in its place."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """A program as it is compiled: an example whose text was changed, by a topology, with settings."""

    program: str
    text: Replacements = ()
    blocks: Replacements = ()  # in the file `blocks.singa`, which it imports
    topology: str | None = None
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Two versions of a program, and the layers that are told of, by the names of the second, or of the first where they are gone.

    `differs`: whether there is any difference, whether of layers or of something else.
    """

    name: str
    before: Version
    after: Version
    layers: frozenset[str]
    differs: bool


def _edit(
    name: str,
    of: Version,
    *text: tuple[str, str],
    layers: str | None = "",
    topology: str | None = None,
    settings: tuple[str, ...] = (),
    blocks: Replacements = (),
) -> Edit:
    """An edit of a version; `layers` None: nothing is different, "": something is, but no layer."""
    after = Version(program=of.program, text=(*of.text, *text), blocks=blocks, topology=topology or of.topology, settings=settings)
    return Edit(name=name, before=of, after=after, layers=frozenset((layers or "").split()), differs=layers is not None)


def _with(of: Version, *text: tuple[str, str], topology: str | None = None) -> Version:
    return Version(program=of.program, text=(*of.text, *text), topology=topology or of.topology)


def _blocks(*numbers: int) -> str:
    """The layers of residual blocks without a layer beside the sum."""
    parts = ("conv_bn1.conv1", "conv_bn1.batchnorm1", "relu1", "main.conv1", "main.batchnorm1", "add1", "relu2")
    return " ".join(f"res{number}.{part}" for number in numbers for part in parts)


_END = ("  log   = every(50)\n}\n", "  log   = every(50)\n}\n")
MLP = Version(program="digits_mlp")
CNN = Version(program="digits_cnn", topology="laptop")
HYBRID = Version(program="digits_cnn", topology="hybrid")
RESNET = Version(program="digits_resnet", topology="laptop")
RESNET_STAGES = Version(program="digits_resnet", topology="stages")
AUTOENCODER = Version(program="digits_autoencoder", topology="laptop")
STAGES = Version(program="digits_autoencoder", topology="stages")
MNIST = Version(program="mnist_mlp")


def _topology(text: str) -> tuple[str, str]:
    """Puts a topology `t` behind the last section of digits_mlp."""
    return _END[0], f"{_END[1]}\ntopology t {{ {text} }}\n"


PAIR = _with(MLP, _topology("workers = groups(1, size = 2)"), topology="t")
_CNN_LAYERS = "conv1 relu1 conv2 relu2 maxpool1 flatten1 fc relu3 dropout1 out loss"
_UPDATER = "updater adam { lr = warmup_cosine(3e-3, warmup = 50, total = 2000), weight_decay = 1e-4 }\n"

_MAIN = "  main = x -> conv_bn(filters, stride = stride) -> relu -> conv_bn(filters)\n"
_SKIP = "  skip = if stride == 1 and x.channels == filters then x else x -> conv_bn(filters, 1, stride = stride)\n"

PROGRAMS = (
    _edit("a comment", MLP, ("# 0 takes the dropout layers out", "# 0 leaves no dropout layer"), layers=None),
    _edit(
        "layout",
        MLP,
        (
            "    -> fc1: dense(128) -> relu -> if drop > 0 { dropout(drop) }\n",
            "    -> fc1:dense(128)->relu\n -> if drop>0 {\ndropout(drop) }\n\n",
        ),
        layers=None,
    ),
    _edit("the order of sections", MLP, (_UPDATER, ""), ("net mlp {", f"{_UPDATER}\nnet mlp {{"), layers=None),
    _edit("a wider layer", MLP, ("fc1: dense(128)", "fc1: dense(256)"), layers="fc1 relu1 dropout2 fc2"),
    _edit(
        "a layer put in",
        MLP,
        ("fc1: dense(128) -> relu", "fc1: dense(128) -> relu -> wide: dense(512)"),
        layers="wide dropout2 fc2",
    ),
    _edit(
        "layers taken out",
        MLP,
        ("    -> fc2: dense(64) -> relu -> if drop > 0 { dropout(drop) }\n", ""),
        layers="fc2 relu2 dropout3 out",
    ),
    _edit("another kind", MLP, ("fc1: dense(128) -> relu", "fc1: dense(128) -> tanh"), layers="tanh1"),
    _edit("a layer renamed", MLP, ("fc1: dense", "hidden: dense"), layers="hidden"),
    _edit("a net renamed", MLP, ("net mlp {", "net perceptron {")),
    _edit("a layer labelled", MLP, ("fc1: dense(128) -> relu", "fc1: dense(128) -> act: relu"), layers="act"),
    _edit(
        "two layers in another order",
        MLP,
        ("relu -> if drop > 0 { dropout(drop) }\n    -> fc2", "if drop > 0 { dropout(drop) } -> relu\n    -> fc2"),
        layers="relu1",  # as well one could say that `dropout2` has moved
    ),
    _edit("an arg that takes layers out", MLP, settings=("drop=0",), layers="dropout1 dropout2 dropout3"),
    _edit("the default of an arg", MLP, ("drop  = 0.3", "drop  = 0.6"), layers="dropout1 dropout2 dropout3"),
    _edit("an arg as it is by default", MLP, settings=("batch=64",), layers=None),
    _edit("the batch", MLP, settings=("batch=128",)),
    _edit("the learning rate", MLP, ("3e-3", "1e-3")),
    _edit("weight decay", MLP, ("weight_decay = 1e-4", "weight_decay = 0")),
    _edit("another updater", MLP, ("updater adam {", "updater sgd {")),
    _edit("steps", MLP, ("  steps = 2000", "  steps = 500")),
    _edit("tests", MLP, ("  test  = every(250)", "  test  = every(100)")),
    _edit(
        "an initialiser that is the default",
        MLP,
        ("on all dense { weight = he_normal() }", "on all dense { weight = he_normal(), bias = 0 }"),
        layers=None,
    ),
    _edit("a seed", MLP, ("  steps = 2000", "  steps = 2000\n  seed = 7")),
    _edit("precision", MLP, ("  steps = 2000", "  steps = 2000\n  precision = f64")),
    _edit("first values of all", MLP, ("weight = he_normal()", "weight = glorot_uniform()"), layers="fc1 fc2 out"),
    _edit("first values of one", MLP, ("fc2: dense(64)", "fc2: dense(64, weight = glorot_uniform())"), layers="fc2"),
    _edit("a layer without bias", MLP, ("fc2: dense(64)", "fc2: dense(64, bias = none)"), layers="fc2"),
    _edit("a layer that learns faster", MLP, ("  steps = 2000", "  steps = 2000\n  on fc1 { lr_scale = 2 }"), layers="fc1"),
    _edit("how a field is scaled", MLP, ("std   = 16", "std   = 8")),
    _edit("the batch of tests", MLP, ("test  = digits(batch = 100)", "test  = digits(batch = 50)")),
    _edit("no shuffling", MLP, ("train = digits(batch = batch)", "train = digits(batch = batch, shuffle = false)")),
    _edit(
        "a layer that moves the numbers of others",
        CNN,
        ("pad = 1) -> relu\n    -> conv2", "pad = 1) -> relu -> relu\n    -> conv2"),
        layers="relu2",
    ),
    _edit("fewer filters", CNN, ("conv(32,", "conv(16,"), layers="conv1 relu1 conv2"),
    _edit("a larger kernel", CNN, ("conv(64, 3,", "conv(64, 5,"), layers="conv2 relu2 maxpool1 flatten1 fc"),
    _edit("no pooling", CNN, (" -> maxpool(2, stride = 2)", ""), layers="maxpool1 flatten1 fc"),
    _edit("a scaled loss", AUTOENCODER, ("square_loss\n", "square_loss(scale = 0.5)\n"), layers="loss"),
    _edit("a weight of its own", AUTOENCODER, ("dec2: dense(weight = transpose(code.weight))", "dec2: dense(32)"), layers="dec2"),
    _edit(
        "a weight shared",
        _with(AUTOENCODER, ("dec2: dense(weight = transpose(code.weight))", "dec2: dense(32)")),
        ("dec2: dense(32)", "dec2: dense(weight = transpose(code.weight))"),
        layers="dec2",
    ),
    _edit("a deeper residual net", RESNET, settings=("depth=14",), layers=_blocks(2, 4, 6)),
    _edit(
        "a stem as wide as no block",
        RESNET,
        ("stem: conv_bn(16)", "stem: conv_bn(32)"),
        layers="stem.conv1 stem.batchnorm1 relu1 res1.conv_bn1.conv1 res1.skip.conv1 res1.skip.batchnorm1",
    ),
    _edit(
        "a layer put into a block",
        RESNET,
        blocks=(("-> relu -> conv_bn(filters)\n", "-> relu -> dropout(0.1) -> conv_bn(filters)\n"),),
        layers="res1.dropout1 res2.dropout1 res3.dropout1",
    ),
    _edit("branches of a block in another order", RESNET, blocks=((_MAIN, ""), (_SKIP, f"{_SKIP}{_MAIN}")), layers=None),
    _edit(
        "operands in another order",
        RESNET,
        blocks=(("return (main + skip)", "return (skip + main)"),),
        layers="res1.add1 res2.add1 res3.add1",
    ),
    _edit(
        "a block of a loop taken out",
        RESNET,
        ("[16, 32, 64]", "[16, 32]"),
        layers=f"{_blocks(3)} res3.skip.conv1 res3.skip.batchnorm1 avgpool1 fc",
    ),
    _edit("no momentum", RESNET, ("momentum     = 0.9", "momentum     = 0.5")),
    _edit("a layer more in a loop", MNIST, ("[2500, 2000", "[3000, 2500, 2000"), layers="fc1 stanh1 fc2"),
    _edit("a layer less in a loop", MNIST, ("1000, 500]", "1000]"), layers="fc5 stanh5 out"),
    _edit("a width in a loop", MNIST, ("2000, 1500", "1800, 1500"), layers="fc2 stanh2 fc3"),
    _edit("records skipped", MNIST, ("random_skip = 5000", "random_skip = 100")),
)
"""Edits of what is computed."""

TOPOLOGIES = (
    _edit("the name of a topology", HYBRID, ("topology hybrid {", "topology mixed {"), topology="mixed", layers=None),
    _edit(
        "a rule that says what was so",
        HYBRID,
        ("on fc { partition = feature }", "on fc { partition = feature }\n  on out { partition = batch }"),
        layers=None,
    ),
    _edit("one worker to two", CNN, topology="hybrid", layers=_CNN_LAYERS),
    _edit("a rule more", HYBRID, ("on fc { partition = feature }", "on fc, out { partition = feature }"), layers="out"),
    _edit("a rule less", HYBRID, ("  on fc { partition = feature }\n", ""), layers="fc"),
    _edit("a layer whole on every worker", HYBRID, ("on fc { partition = feature }", "on fc { partition = none }"), layers="fc"),
    _edit("more workers", HYBRID, ("groups(1, size = 2)", "groups(1, size = 4)")),
    _edit("more servers", HYBRID, ("  on fc {", "  servers = groups(1, size = 2)\n  on fc {")),
    _edit("servers apart", HYBRID, ("  on fc {", "  separate = true\n  on fc {")),
    _edit("uneven shares", PAIR, ("train = digits(batch = batch)", "train = digits(batch = [40, 24])")),
    _edit("exact sums", PAIR, ("groups(1, size = 2) }", "groups(1, size = 2), sync { exact = true, shards = 4 } }")),
    _edit(
        "cuts left to the compiler that stay",
        PAIR,
        ("groups(1, size = 2) }", "groups(1, size = 2), partition = auto }"),
        layers=None,
    ),
    _edit(
        "all by feature",
        PAIR,
        ("groups(1, size = 2) }", "groups(1, size = 2), partition = feature }"),
        layers="dropout1 fc1 relu1 dropout2 fc2 relu2 dropout3 out",
    ),
    _edit("a layer computed again", CNN, ("size = 1) }", "size = 1), on conv2 { remat = true } }"), layers="conv2"),
    _edit("all computed again", CNN, ("size = 1) }", "size = 1), remat = true }"), layers=_CNN_LAYERS),
    _edit(
        "a stage begins earlier",
        STAGES,
        ("on enc1..code {", "on enc1..enc2 {"),
        ("on dec2..loss {", "on relu2..loss {"),
        layers="relu2 code",
    ),
    _edit("micro-batches", STAGES, ("micro_batches = 4", "micro_batches = 2")),
    _edit("stages instead of one worker", AUTOENCODER, topology="stages", layers="dec2 relu3 dec1 relu4 draw loss"),
    _edit(
        "a wider layer with shared weights",
        STAGES,
        ("enc1: dense(128)", "enc1: dense(256)"),
        layers="enc1 relu1 enc2 dec1 relu4 draw",
    ),
    _edit(
        "a stage of a residual net begins earlier",
        RESNET_STAGES,
        ("on stem..res1 {", "on stem {"),
        ("on res2..loss {", "on res1..loss {"),
        layers=_blocks(1),
    ),
    _edit(
        "a layer put in at a border",
        RESNET_STAGES,
        ("stem: conv_bn(16) -> relu", "stem: conv_bn(16) -> relu -> dropout(0.1)"),
        layers="dropout1",
    ),
)
"""Edits of who computes it."""

EDITS = (*PROGRAMS, *TOPOLOGIES)
