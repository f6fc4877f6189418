"""What holds for every source of the library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from singalang_compiler.library.contract import Source
from singalang_compiler.library.kinds import MISSING, field_docs, find, names
from singalang_compiler.library.tensors import TensorSpec


@pytest.mark.parametrize("name", names("sources"))
def test_every_source_is_documented_and_says_how_its_fields_travel(name: str) -> None:
    kind = find("sources", name)
    assert kind is not None and kind.cls is not None and len(kind.doc) > 60
    assert set(field_docs(kind.cls)) == {attribute.name for attribute in kind.attributes}
    needed = {attribute.name: "some/file" for attribute in kind.attributes if attribute.default is MISSING}
    made: Source = kind.cls(**needed)
    assert made.storage(TensorSpec((3,))) in {"uint8", "float32", "float64"}
    assert made.storage(TensorSpec((), "i32", 10)) == "int32"
    assert set(needed.values()) == set(made.files())


def test_looking_at_the_sources_imports_no_numpy() -> None:
    program = (
        "import sys; from singalang_compiler.library.kinds import find, names;"
        "[find('sources', name) for name in names('sources')];"
        "sys.exit(int('numpy' in sys.modules or 'jax' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=Path(__file__).parent).returncode == 0
