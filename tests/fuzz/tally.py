"""The count of a fuzzing run, and its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.source import Source
from tests.fuzz.mutant import Mutant
from tests.fuzz.trial import Trial

TREE_CHANGES = frozenset({"swap_name", "misspell_name", "change_number", "change_unit", "swap_order"})


@dataclass
class Tally:
    """What has come of the mutants so far. `known` holds, for each program, the errors that it has without any mutation."""

    known: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    count: int = 0
    plans: int = 0
    planned: int = 0
    slowest: float = 0.0
    valid: list[Mutant] = field(default_factory=list)
    runnable: list[Mutant] = field(default_factory=list)
    unplanned: Counter[str] = field(default_factory=Counter)
    crashes: list[tuple[Mutant, Trial]] = field(default_factory=list)
    slow: list[tuple[Mutant, Trial]] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    placed: Counter[str] = field(default_factory=Counter)
    misses: list[tuple[Mutant, tuple[Diagnostic, ...]]] = field(default_factory=list)

    def add(self, mutant: Mutant, trial: Trial) -> None:
        """Counts one mutant that was checked."""
        self.count += 1
        self._watch(mutant, trial)
        if trial.crash or trial.timed_out:
            return
        self.codes.update({found.code for found in trial.errors})
        if not trial.errors:
            self.valid.append(mutant)
            self.runnable += [mutant] if trial.runnable else []
            return
        errors = self._new(mutant, trial.errors)
        if errors and mutant.change in TREE_CHANGES:
            hit = any(told_at(mutant, found) for found in errors)
            self.placed[f"{mutant.change} {'told' if hit else 'missed'}"] += 1
            if not hit:
                self.misses.append((mutant, errors))

    def add_plan(self, mutant: Mutant, trial: Trial) -> None:
        """Counts one mutant that was compiled."""
        self.plans += 1
        self.planned += not trial.errors and not trial.crash and not trial.timed_out
        self.unplanned.update({found.code for found in trial.errors})
        self._watch(mutant, trial, plan=True)

    def spread(self, count: int) -> tuple[Mutant, ...]:
        """So many of the mutants that can be run, from first to last."""
        step = max(1, len(self.runnable) // max(1, count))
        return tuple(self.runnable[::step][:count])

    @property
    def clean(self) -> bool:
        """Whether nothing crashed and nothing was slow."""
        return not self.crashes and not self.slow

    @property
    def share(self) -> float:
        """Of the tree mutants with a new error, those with one that touches the changed place."""
        total = sum(self.placed.values())
        return 1 - len(self.misses) / total if total else 1.0

    def report(self) -> str:
        """The count in words, with the distinct crashes and the commonest misses."""
        lines = [
            f"{self.count} mutants: {len(self.valid)} without an error, {len(self.crashes)} crashed, {len(self.slow)} too slow, "
            f"slowest {self.slowest:.2f} s",
            f"{self.plans} of the {len(self.runnable)} that can be run compiled: {self.planned} plans, else {dict(self.unplanned)}",
            f"tree mutants with an error that the program did not have: {sum(self.placed.values())}, "
            f"told at the place of the change: {self.share:.1%}",
            *(f"  {name}: {count}" for name, count in sorted(self.placed.items())),
            "codes: " + ", ".join(f"{code} {count}" for code, count in self.codes.most_common()),
        ]
        lines += [f"\ncrash, {count} times, shortest from {self._shortest(kind).origin}:\n{kind}" for kind, count in self._kinds()]
        lines += [
            f"slow: {mutant.origin} {mutant.change} {trial.seconds:.1f} s, {trial.layers} layers" for mutant, trial in self.slow
        ]
        lines += ["", "misses by change and code:", *(f"  {name}: {count}" for name, count in self._miss_kinds())]
        return "\n".join(lines)

    def evidence(self) -> dict[str, str]:
        """The texts of what crashed (the shortest of each kind) and of what was slow, by file name."""
        texts = {f"crash-{number}.singa": self._shortest(kind).text for number, (kind, _) in enumerate(self._kinds())}
        return texts | {f"slow-{number}.singa": mutant.text for number, (mutant, _) in enumerate(self.slow)}

    def miss_records(self) -> list[dict[str, str]]:
        """Each miss: what was changed, on which line, and what was said instead."""
        return [dict(_miss_record(mutant, errors)) for mutant, errors in self.misses]

    def _new(self, mutant: Mutant, errors: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
        known = self.known.get(mutant.origin, frozenset())
        return tuple(found for found in errors if (found.code, found.title) not in known)

    def _watch(self, mutant: Mutant, trial: Trial, *, plan: bool = False) -> None:
        if not plan:
            self.slowest = max(self.slowest, trial.seconds)
        if trial.crash:
            self.crashes.append((mutant, trial))
        if (trial.slow and not plan) or trial.timed_out:
            self.slow.append((mutant, trial))

    def _kinds(self) -> list[tuple[str, int]]:
        return Counter(_last_lines(trial.crash or "") for _, trial in self.crashes).most_common()

    def _shortest(self, kind: str) -> Mutant:
        found = [mutant for mutant, trial in self.crashes if _last_lines(trial.crash or "") == kind]
        return min(found, key=lambda mutant: len(mutant.text))

    def _miss_kinds(self) -> list[tuple[str, int]]:
        kinds = Counter(f"{mutant.change} {sorted({found.code for found in errors})}" for mutant, errors in self.misses)
        return kinds.most_common(20)


def told_at(mutant: Mutant, found: Diagnostic) -> bool:
    """Whether a diagnostic's primary span, in the mutant's own text, touches what was changed."""
    if found.primary is None:
        return False
    span = found.primary.span
    return span.source.text == mutant.text and mutant.touches(span.start, span.end)


def _last_lines(crash: str) -> str:
    """The end of a traceback: enough to tell one fault from another."""
    lines = [line for line in crash.rstrip().splitlines() if not set(line.strip()) <= set("^~")]
    return "\n".join(lines[-5:])


def _miss_record(mutant: Mutant, errors: tuple[Diagnostic, ...]) -> Iterator[tuple[str, str]]:
    source = Source(mutant.origin, mutant.text)
    start, end = mutant.places[0]
    line, _ = source.line_column(start)
    yield "program", f"{mutant.origin}:{line}"
    yield "change", f"{mutant.change} -> {mutant.text[start:end][:60]!r} in {source.line(line).strip()[:120]!r}"
    for number, found in enumerate(errors[:3]):
        place = ""
        if found.primary:
            row, column = found.primary.span.source.line_column(found.primary.span.start)
            place = f"{found.primary.span.source.path.rpartition('/')[2]}:{row}:{column} {found.primary.text}"
        yield f"error{number}", f"{found.code} {found.title} | {place}"
