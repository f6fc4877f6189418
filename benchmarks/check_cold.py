"""`singac --check` of a 100-layer file, cold, against starting Python with lark and networkx imported."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.programs import layers
from benchmarks.timing import Result, paired, seconds_of


def measure(pairs: int) -> list[Result]:
    """One ratio of whole processes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "hundred.singa"
        file.write_text(layers(100))
        ours = seconds_of([str(Path(sys.executable).with_name("singac")), str(file), "--check"])
        theirs = seconds_of([sys.executable, "-c", "import lark, networkx"])
        return [paired("singac --check, 100 layers / python importing lark, networkx", ours, theirs, pairs, 2.0, unit="s")]
