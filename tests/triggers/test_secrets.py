"""No secret is in an error, an event or anything that is stored, whatever a receiver answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlops_ci.lifecycle.event_history import event_history
from mlops_ci.records.codec import encode
from mlops_ci.workspace.layout import EVENTS
from tests.parts.loopback import RESET, Answer, Request, serve
from tests.triggers.office import Office, project

_CANARY = "canary" + "0123456789abcdef" * 2
_SIGNED = "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5"
_STATUSES = (200, 201, 302, 400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 0)


def _quoting(status: int, request: Request) -> Answer:
    """Refuse, and quote all that came."""
    if status == 0:
        return RESET
    quote = " ".join([request.target, *request.headers.values()])
    said = {"message": quote, "error": quote, "id": quote}
    return Answer(status, json.dumps(said).encode(), {"Location": f"https://elsewhere.example.org/?{quote[:200]}"})


@pytest.mark.parametrize("status", _STATUSES)
def test_what_a_receiver_quotes_is_not_kept_and_not_shown(tmp_path: Path, status: int) -> None:
    with serve(lambda request: _quoting(status, request)) as url:
        secrets = {
            "PAT": f"ghp_{_CANARY}a",
            "AZURE": f"{_CANARY}b",
            "JWT": f"x{_CANARY}.y{_CANARY}.z{_CANARY}",
            "HOOK": _SIGNED,
            "GRID": f"{_CANARY}c",
            "SLACK_URL": f"{url}/services/{_CANARY}d",
            "TEAMS_URL": f"{url}/workflows/x?sig={_CANARY}e",
        }
        lines = (
            "{name: dispatch, github: acme/shop, token: PAT}",
            "{name: workflow, github: acme/shop, workflow: x.yml, token: PAT}",
            "{name: deployment, github: acme/shop, deployment: production, token: PAT}",
            "{name: run, azure: acme/shop/1, token: AZURE}",
            "{name: jwt, azure: acme/shop/1, token: JWT}",
            "{name: release, azure-release: acme/shop/1, token: AZURE}",
            f'{{name: hook, webhook: "{url}", secret: HOOK}}',
            f'{{name: grid, event-grid: "{url}", key: GRID}}',
            "{name: chat, slack: SLACK_URL}",
            "{name: people, teams: TEAMS_URL}",
            "{name: landed, azure-webhook: acme/hook, secret: HOOK}",
        )
        environ = {**secrets, "GITHUB_API_URL": url, "MLOPS_CI_AZURE_DEVOPS_URL": url}
        office = Office(tmp_path / "sources", project(*lines), environ)
        office.register(1)
        office.promote(1)
        dry = [encode([one.requests for one in office.triggering().due()]).decode()]
        told = office.deliver().values()
        office.time.pass_(11)
        again = office.deliver().values()
        said = [error.line() for one in (*told, *again) if (error := one.error)]
        causes = [repr(error.__cause__) for one in (*told, *again) if (error := one.error)]
        newsroom = office.triggering().newsroom()
        listed = [encode(heard).decode() for heard in event_history(newsroom, office.project.triggers, office.time)]
        kept = [(office.store.get(item.key) or b"").decode() for item in office.store.list(EVENTS)]
    assert len(kept) > len(lines) and len(dry[0]) > 1000
    for text in (*dry, *said, *causes, *listed, *kept):
        assert "canary" not in text and _SIGNED[6:] not in text, text
