"""The mutation fuzzer: `python -m tests.fuzz.run --text 20000 --tree 2000 --seed 0 --plans 200`.

Every mutant goes through the pipeline as far as `Placed`. It must end in diagnostics or a result, soon, and never in a
traceback. Exit status 1 says that one did not, or that too few tree mutants are told where their mistake is.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.fuzz.mutant import Mutant, example_texts
from tests.fuzz.mutate_text import text_mutant
from tests.fuzz.mutate_tree import tree_mutant
from tests.fuzz.tally import Tally
from tests.fuzz.trial import compile_mutant, try_mutant

WANTED_SHARE = 0.8


def text_mutants(count: int, seed: int) -> Iterator[Mutant]:
    """Text mutants, one random generator each, so that any of them can be had alone."""
    programs = example_texts()
    return (text_mutant(programs, Random(f"text {seed} {number}")) for number in range(count))


def tree_mutants(count: int, seed: int) -> Iterator[Mutant]:
    """Tree mutants, one random generator each."""
    programs = example_texts()
    return (tree_mutant(programs, Random(f"tree {seed} {number}")) for number in range(count))


def fuzz(text: int, tree: int, plans: int, seed: int, *, progress: bool = False) -> Tally:
    """Tries this many mutants, and compiles as many of those without an error as `plans` says."""
    tally = Tally(known_errors())
    for mutants in (text_mutants(text, seed), tree_mutants(tree, seed)):
        for number, mutant in enumerate(mutants, 1):
            tally.add(mutant, try_mutant(mutant))
            if progress and number % 500 == 0:
                print(f"{number} mutants, {len(tally.crashes)} crashes, {len(tally.slow)} slow", file=sys.stderr)
    for mutant in tally.spread(plans):
        tally.add_plan(mutant, compile_mutant(mutant))
    return tally


def known_errors() -> dict[str, frozenset[tuple[str, str]]]:
    """The errors of each example as it is: it may want kinds that the library does not have, or files that are not here."""
    trials = {name: try_mutant(Mutant(name, "none", text)) for name, text in example_texts().items()}
    return {name: frozenset((found.code, found.title) for found in trial.errors) for name, trial in trials.items()}


def main(arguments: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description="mutates the example programs")
    parser.add_argument("--text", type=int, default=20000, help="how many text mutants")
    parser.add_argument("--tree", type=int, default=2000, help="how many tree mutants")
    parser.add_argument("--plans", type=int, default=200, help="how many of the mutants without an error to compile to a plan")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", type=Path, help="a folder for the mutants that crashed, were slow or were misplaced")
    options = parser.parse_args(arguments)
    tally = fuzz(options.text, options.tree, options.plans, options.seed, progress=True)
    print(tally.report())
    if options.save:
        options.save.mkdir(parents=True, exist_ok=True)
        for name, text in tally.evidence().items():
            (options.save / name).write_text(text, encoding="utf-8", newline="")
        (options.save / "misses.json").write_text(json.dumps(tally.miss_records(), indent=1), encoding="utf-8")
    return 0 if tally.clean and tally.share >= WANTED_SHARE else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
