"""The user that a token belongs to: what GitHub answers."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.parts.github.call import answered, refused
from tests.parts.github.tokens import Token
from tests.parts.loopback import Answer

_EXAMPLE = "private-user-response-with-public-profile-information"


def me(token: Token, example: Callable[[str], str]) -> Answer:
    """``GET /user``, for people alone: a job and an app are no users."""
    who = token.identity
    if who.app is not None:
        return refused(403, who.refusal)
    return answered(
        200,
        {
            **json.loads(example(_EXAMPLE)),
            "login": who.login,
            "id": who.id,
            "type": who.type,
            "user_view_type": "public",
        },
    )
