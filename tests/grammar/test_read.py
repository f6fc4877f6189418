"""Files that are read, and files that cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.read import SIZE_LIMIT, read_source
from singalang_grammar.render.terminal import render
from tests.conftest import Golden


def refused(path: object) -> Diagnostic:
    found = read_source(str(path))
    assert found.value is None
    (one,) = found.diagnostics
    assert one.primary is None and one.where
    return one


def test_a_file_is_read_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "a.singa"
    path.write_bytes("\ufeffx = 1\r\n# ж\n".encode())
    found = read_source(path)
    assert found.value is not None
    assert (found.value.path, found.value.text) == (str(path), "x = 1\r\n# ж\n")


def test_a_missing_file_is_told_of_with_a_name_that_is_near(tmp_path: Path) -> None:
    (tmp_path / "model.singa").write_text("")
    one = refused(tmp_path / "modle.singa")
    assert one.code == "E0030" and one.hint == f"did you mean `{tmp_path / 'model.singa'}`?"
    assert refused(tmp_path / "quite_other.txt").hint == "check the name and the current folder"
    assert refused(tmp_path / "model.singa" / "inner").code == "E0030"
    assert refused("a\0b").code == "E0030"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path).code == "E0031"


def test_bytes_that_are_no_utf8_are_shown_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "a.singa"
    path.write_bytes(b"x = 1\ny = '\xe9'\n")
    one = refused(path)
    assert one.code == "E0032" and one.where == f"{path}, line 2"
    assert one.title.endswith("byte 0xe9 at offset 11")
    path.write_bytes("x = 1\n".encode("utf-16"))
    assert refused(path).hint == "it seems to be UTF-16: save it as UTF-8"


def test_a_file_of_the_largest_size_is_read_and_a_larger_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.singa"
    path.write_bytes(b"#" * SIZE_LIMIT)
    assert read_source(path).value is not None
    path.write_bytes(b"#" * (SIZE_LIMIT + 1))
    assert refused(path).code == "E0033"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_rights_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "a.singa"
    path.write_text("")
    path.chmod(0)
    assert refused(path).code == "E0034"


def test_a_file_that_the_system_will_not_read_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("singalang_grammar.read.open", fails, raising=False)
    one = refused(tmp_path / "a.singa")
    assert (one.code, one.title) == ("E0034", f"cannot read `{tmp_path / 'a.singa'}`: permission denied")


def test_codes_of_files_look_like_this_on_a_terminal(tmp_path: Path, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("latin.singa").write_bytes(b"# caf\xe9\n")
    Path("large.singa").write_bytes(b"#" * (SIZE_LIMIT + 1))
    found = [refused(name) for name in ("latin.sing", "folder", "latin.singa", "large.singa")]
    golden("grammar/files.txt", render(found, colour=False) + "\n")
