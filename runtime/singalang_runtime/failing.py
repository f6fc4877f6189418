"""What keeps a job from going on, however it is done: raised by hosts, told by who runs them."""

from __future__ import annotations

from singalang_grammar.diagnostics import Diagnostic


class JobFailed(Exception):
    """The job cannot go on, for a reason that a diagnostic tells."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.title)
        self.diagnostic = diagnostic
