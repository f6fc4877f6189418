"""The wheel: built from this checkout, laid out elsewhere, and used from a third folder without the checkout on the path."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
NEEDED = (
    "singalang_grammar/singa.lark",
    "singalang_grammar/singa.tables.json",
    "singalang_grammar/editors/pygments_words.py",
    "singalang_compiler/library/sources/digits-images.idx3.gz",
    "singalang_compiler/library/sources/digits-labels.idx1.gz",
    "singalang_compiler/library/layers/dense.py",
    "singalang/show/page.css",
    "singalang/show/page.js",
    "singalang/py.typed",
    "singalang_grammar/py.typed",
    "singalang_compiler/py.typed",
    "singalang_runtime/py.typed",
)


def checked(*words: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run([*map(str, words)], cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network and without an environment of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    checked(*pip, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", folder, ROOT, cwd=folder)
    [built] = folder.glob("singalang-*-py3-none-any.whl")
    return built


@pytest.fixture(scope="module")
def target(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the wheel."""
    folder = tmp_path_factory.mktemp("target")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    checked(*pip, "install", "--quiet", "--no-deps", "--no-index", "--target", folder, wheel, cwd=folder)
    return folder


def test_what_is_read_at_run_time_is_in_the_wheel_and_nothing_that_is_not_ours_to_ship(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert set(NEEDED) <= names
    shipped = {path.relative_to(root).as_posix() for root, package in packages() for path in package.rglob("*") if is_shipped(path)}
    assert {name for name in names if ".dist-info/" not in name} == shipped
    assert {name.split("/")[-1] for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}


def packages() -> list[tuple[Path, Path]]:
    """Source roots, each with its package."""
    roots = [(ROOT, "singalang"), *((ROOT / name, f"singalang_{name}") for name in ("grammar", "compiler", "runtime"))]
    return [(root, root / package) for root, package in roots]


def is_shipped(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def test_the_wheel_names_the_commands_and_the_highlighter(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    [name] = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    points = ConfigParser()
    points.read_string(archive.read(name).decode())
    assert dict(points["console_scripts"]) == {"singa": "singalang.cli:singa", "singac": "singalang.cli:singac"}
    assert dict(points["pygments.lexers"]) == {"singa": "singalang_grammar.pygments_lexer:SingaLexer"}


def without_the_checkout(target: Path, folder: Path) -> tuple[list[str], dict[str, str]]:
    """How to start Python so that it sees the wheel's files and what singalang needs, and no editable install.

    An editable install is a `.pth` file in site-packages; Python reads those in `site`, which -S leaves out, and not in folders on
    PYTHONPATH.
    """
    libraries = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env = kept | {"PYTHONPATH": os.pathsep.join([str(target), *libraries]), "XDG_CACHE_HOME": str(folder)}
    return [sys.executable, "-S", "-c"], env


def test_the_installed_commands_compile_train_and_predict_from_another_folder(target: Path, tmp_path: Path) -> None:
    python, env = without_the_checkout(target, tmp_path)
    where = "import singalang, singalang_grammar, singalang_compiler, singalang_runtime as r; print(singalang.__file__, r.__file__)"
    for path in checked(*python, where, cwd=tmp_path, env=env).split():
        assert Path(path).is_relative_to(target)
    roots = {str(root) for root, _ in packages()}
    assert not roots & set(checked(*python, "import sys; print(*sys.path, sep='\\n')", cwd=tmp_path, env=env).splitlines())
    example = (ROOT / "examples/digits_mlp.singa").read_text(encoding="utf-8")
    (tmp_path / "digits.singa").write_text(example, encoding="utf-8")
    singac, singa = (f"from singalang.cli import {name}; {name}()" for name in ("singac", "singa"))
    assert checked(*python, singac, "--version", cwd=tmp_path, env=env).startswith("singalang ")
    checked(*python, singa, "fmt", "--check", "digits.singa", cwd=tmp_path, env=env)
    assert checked(*python, singa, "explain", "E0201", cwd=tmp_path, env=env).startswith("E0201\n")
    checked(*python, singac, "digits.singa", "--set", "train.steps=50", "--set", "train.test=every(50)", cwd=tmp_path, env=env)
    checked(*python, singa, "exec", "plan.json", cwd=tmp_path, env=env)
    lines = [json.loads(line) for line in (tmp_path / "runs/digits-1/metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["phase"] == "test" and lines[-1]["step"] == 50 and lines[-1]["accuracy"] > 0.5
    assert len(checked(*python, singa, "predict", "plan.json", cwd=tmp_path, env=env).splitlines()) == 356
    lexer = "from singalang_grammar.pygments_lexer import SingaLexer; print(list(SingaLexer().get_tokens('net n {}'))[0])"
    assert "Token.Name.Class" in checked(*python, lexer, cwd=tmp_path, env=env)
