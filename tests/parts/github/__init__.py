"""A stand-in for GitHub that keeps state, checks what it gets against the published contract, and fails on demand.

``with FakeGitHub.started() as github`` runs it; most tests take the fixture ``github``. ``event`` gives the payload
of a webhook, as GitHub Actions leaves it in ``GITHUB_EVENT_PATH``.
"""

from __future__ import annotations

from tests.parts.github.events import event
from tests.parts.github.faults import FAULTS, Faults
from tests.parts.github.repository import Repository
from tests.parts.github.server import FakeGitHub

__all__ = ["FAULTS", "FakeGitHub", "Faults", "Repository", "event"]
