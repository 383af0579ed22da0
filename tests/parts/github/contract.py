"""GitHub's published contract, and whether requests and answers keep to it."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tests.parts.github.pruning import SERVER, Operation, contract_document, resolved
from tests.parts.loopback import Answer, Request

if TYPE_CHECKING:
    from openapi_core import OpenAPI
    from openapi_core.testing import MockRequest

_LONGEST_PROBLEM = 400


class Contract:
    """What openapi-core says, and that nothing is sent which the contract does not have."""

    def __init__(self, operations: Collection[Operation]) -> None:
        self._document = contract_document(operations)
        self._api = _api(self._document)

    def example(self, name: str) -> str:
        """One of GitHub's own examples of answers, as JSON."""
        return json.dumps(self._document["components"]["examples"][name]["value"])

    def problem_of(self, request: Request, operation: Operation) -> str | None:
        """Say what is wrong with a request; None for a sound one."""
        method, template = operation
        described = self._document["paths"][template][method]
        parameters = [resolved(self._document, each) for each in described.get("parameters", [])]
        known = {each["name"] for each in parameters if each["in"] == "query"}
        pairs = parse_qsl(urlsplit(request.target).query, keep_blank_values=True)
        if unknown := {name for name, _ in pairs} - known:
            return f"unknown parameters: {sorted(unknown)}"
        if request.body and "requestBody" not in described:
            return "a body where none is taken"
        problem = self._complaint(lambda: self._api.validate_request(_described(request)))
        if problem or not request.body:
            return problem
        schema = described["requestBody"]["content"]["application/json"]["schema"]
        unknown = set(self._unknown_fields(json.loads(request.body), schema, ""))
        return f"unknown fields: {sorted(unknown)}" if unknown else None

    def problem_of_answer(self, request: Request, operation: Operation, answer: Answer) -> str | None:
        """Say what is wrong with an answer of the stand-in; refusals need not be listed, but must look like one."""
        method, template = operation
        if str(answer.status) in self._document["paths"][template][method]["responses"]:
            from openapi_core.testing import MockResponse

            kind = answer.headers.get("Content-Type", "").partition(";")[0]
            reply = MockResponse(answer.body, answer.status, content_type=kind)
            return self._complaint(lambda: self._api.validate_response(_described(request), reply))
        if answer.status >= 400 and isinstance(json.loads(answer.body).get("message"), str):
            return None
        return f"no such answer: {answer.status}"

    def _unknown_fields(self, value: Any, schema: Any, where: str) -> list[str]:
        schema = resolved(self._document, schema)
        if isinstance(value, list):
            return [each for item in value for each in self._unknown_fields(item, schema.get("items", {}), where)]
        known = schema.get("properties")
        if not isinstance(value, dict) or known is None:
            return []
        within = [
            each
            for name, item in value.items()
            if name in known
            for each in self._unknown_fields(item, known[name], f"{where}{name}.")
        ]
        return within + [f"{where}{name}" for name in value if name not in known]

    def _complaint(self, check: Any) -> str | None:
        from openapi_core.exceptions import OpenAPIError

        try:
            check()
        except OpenAPIError as error:
            cause = error.__cause__
            details = [*getattr(cause, "schema_errors", ())] or [cause or "no more is known"]
            said = "; ".join(
                f"{'.'.join(map(str, getattr(each, 'absolute_path', ())))} {getattr(each, 'message', each)}".strip()
                for each in details
            )
            said = f"{type(error).__name__} {error}: {said}"
            half = _LONGEST_PROBLEM // 2  # what is said of a long value is at its end
            return said if len(said) <= _LONGEST_PROBLEM else f"{said[:half]} ... {said[-half:]}"
        return None


def _api(document: dict[str, Any]) -> OpenAPI:
    # Imported here: it takes longer than all else of most tests, which do without GitHub.
    from openapi_core import OpenAPI

    return OpenAPI.from_dict(document)


def _described(request: Request) -> MockRequest:
    from openapi_core.testing import MockRequest

    return MockRequest(
        SERVER,
        request.method.lower(),
        urlsplit(request.target).path,
        args=request.query,
        data=request.body or None,
        content_type=request.headers.get("content-type", "").partition(";")[0],
    )
