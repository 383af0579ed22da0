"""The documents of a server, made once and kept."""

from __future__ import annotations

from functools import cached_property
from urllib.parse import parse_qs

from mlops_ci.serving.contracts import Described
from mlops_ci.serving.openapi import openapi
from mlops_ci.serving.replies import Reply, json_reply
from mlops_ci.serving.swagger import swagger


class Documents:
    """Answers ``/openapi.json`` and ``/swagger.json``."""

    def __init__(self, described: Described) -> None:
        self._described = described

    @cached_property
    def openapi(self) -> Reply:
        """OpenAPI 3.1 of all routes."""
        return json_reply(openapi(self._described))

    def swagger(self, query: bytes) -> Reply:
        """The default model, in the version that the query asks for.

        Raises:
            RequestError: there is none in that version.
        """
        version = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("version", ["2"])[-1]
        return json_reply(swagger(self._described, version))
