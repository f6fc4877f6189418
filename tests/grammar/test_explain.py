"""Codes are found by their files, and explain themselves."""

from __future__ import annotations

import subprocess
import sys

from singalang_grammar.codes.e0009_other_quotes import OtherQuotes
from singalang_grammar.explain import Explanation, all_codes, find_code, parts_of

HERE = ("singalang_grammar",)


def test_a_code_is_found_by_its_number_whatever_its_case() -> None:
    assert find_code("E0009", HERE) is OtherQuotes
    assert find_code("e0009", HERE) is OtherQuotes


def test_a_number_without_code_is_not_found() -> None:
    assert find_code("E0999", HERE) is None
    assert find_code("E", HERE) is None
    assert find_code("E0009", ()) is None
    assert find_code("E0009", ("no_such_package",)) is None


def test_all_codes_come_in_order_with_their_titles() -> None:
    found = all_codes(HERE)
    assert list(found) == sorted(found) and len(found) > 30
    assert dict(found)["E0009"] == "quotes other than double quotes"
    assert all(title and not title.endswith(".") for _, title in found)


def test_a_docstring_is_taken_apart() -> None:
    class Programs:
        """What is wrong.

        Two paragraphs.

        Wrong:
            net n {
              x = 1
            }

        Right:
            y = 2
        """

    class Prose:
        """What is wrong.

        Cause:
            The disk
            is full.

        Cure:
            Empty it.
        """

    assert parts_of(Programs) == Explanation("What is wrong.\n\nTwo paragraphs.", "net n {\n  x = 1\n}", "y = 2")
    assert parts_of(Prose) == Explanation("What is wrong.", None, None, "The disk\nis full.", "Empty it.")


def test_looking_up_a_code_imports_that_code_only_and_no_parser() -> None:
    script = (
        "import sys; from singalang_grammar.explain import all_codes, find_code, parts_of;"
        "p = ('singalang_grammar',); all_codes(p); parts_of(find_code('E0009', p));"
        "print([m for m in sys.modules if '.codes.e' in m], 'lark' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['singalang_grammar.codes.e0009_other_quotes'] False"
