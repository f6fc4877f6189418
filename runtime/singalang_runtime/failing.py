"""What keeps a job from going on, however it is done: raised by hosts, told by who runs them."""

from __future__ import annotations

from singalang_grammar.diagnostics import Diagnostic
from singalang_runtime.protocol.events import Fault


class JobFailed(Exception):
    """The job cannot go on, for a reason that a diagnostic tells."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.title)
        self.diagnostic = diagnostic


class NotFinite(Exception):
    """Something is no number, found by who runs the job and not by a worker."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.metric)
        self.fault = fault
