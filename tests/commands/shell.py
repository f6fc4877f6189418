"""The commands as a person types them: in this process for speed, in one of their own where that matters."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from singalang import cli

PROGRAM = """\
data digits {
  image: f32[64]
  label: class(10)
  std   = 16
  train = digits(batch = 32)
  val   = digits(batch = 100, split = test)
  test  = digits(batch = 100)
}

net mlp {
  on all dense { weight = he_normal() }

  logits = digits.image -> fc1: dense(16) -> relu -> out: dense(10)
  loss   = (logits, digits.label) -> softmax_loss
}

updater adam { lr = 0.01 }

train {
  steps      = 40
  val        = every(20)
  test       = every(20)
  log        = every(10)
  checkpoint = every(20)
}

topology laptop { workers = groups(1, size = 1) }

topology pair { workers = groups(1, size = 2), partition = batch }
"""


@dataclass(frozen=True)
class Told:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


class Shell:
    """Types commands in a folder."""

    def __init__(self, folder: Path, streams: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._streams = streams
        self._patch = patch

    def __call__(self, command: str, *words: str | Path) -> Told:
        """Runs `singac` or `singa` with some words."""
        self._patch.setattr(sys, "argv", [command, *map(str, words)])
        self._streams.readouterr()
        with pytest.raises(SystemExit) as left:
            getattr(cli, command)()
        gc.enable()  # `singac` puts it off for its process
        said = self._streams.readouterr()
        code = left.value.code
        return Told(int(code) if code is not None else 0, said.out, said.err)

    def write(self, name: str, text: str = PROGRAM) -> Path:
        """A file in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a process: caches in a folder, the width of a plain terminal, no colours forced."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    return kept | {"XDG_CACHE_HOME": str(folder), "COLUMNS": "80", "TMPDIR": str(folder), **more}


def installed(command: str) -> str:
    """The path of `singac` or `singa` beside this Python."""
    return str(Path(sys.executable).with_name(command))


def process(*words: str | Path, folder: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command in a process of its own."""
    given = dict(env) if env is not None else environment(folder)
    return subprocess.run([*map(str, words)], cwd=folder, env=given, capture_output=True, text=True, timeout=300, check=False)
