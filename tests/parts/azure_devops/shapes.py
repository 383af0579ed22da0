"""The JSON Schemas of request bodies, after Microsoft's reference of Azure DevOps (api-version 7.1).

A field that the reference does not have for an input, or that the service alone sets, is refused: it would be a mistake
of ours. Where the service takes a name or a number for an enumeration, so do these.
"""

from __future__ import annotations

from typing import Any

THREAD_STATUSES = ("unknown", "active", "fixed", "wontFix", "closed", "byDesign", "pending")
COMMENT_TYPES = ("unknown", "text", "codeChange", "system")
STATUS_STATES = ("notSet", "pending", "succeeded", "failed", "error", "notApplicable", "partiallySucceeded")
QUERY_TYPES = ("notSet", "lastMergeCommit", "commit")
RELEASE_REASONS = ("none", "manual", "continuousIntegration", "schedule", "pullRequest")
LONGEST_COMMENT = 150_000

Schema = dict[str, Any]


def named(value: str | int, names: tuple[str, ...]) -> str:
    """The name of a value that may have come as its number."""
    return names[value] if isinstance(value, int) else value


def _enumeration(names: tuple[str, ...]) -> Schema:
    return {"enum": [*names, *range(len(names))]}


def _object(properties: Schema, *required: str) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _mapping(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


_TEXT: Schema = {"type": "string"}
_NAME: Schema = {"type": "string", "minLength": 1}
_FLAG: Schema = {"type": "boolean"}
_ID: Schema = {"type": "integer", "minimum": 1}
_SHA: Schema = {"type": "string", "pattern": "^[0-9a-f]{40}$"}
_SCALAR: Schema = {"type": ["string", "number", "boolean"]}

# Either plain values, or as the service shows them: with their .NET type.
_PROPERTIES = _mapping({"anyOf": [_SCALAR, _object({"$type": _TEXT, "$value": _SCALAR}, "$type", "$value")]})
_POSITION = _object({"line": _ID, "offset": _ID}, "line", "offset")
_THREAD_CONTEXT = _object(
    {
        "filePath": {"type": "string", "pattern": "^/"},
        "leftFileStart": _POSITION,
        "leftFileEnd": _POSITION,
        "rightFileStart": _POSITION,
        "rightFileEnd": _POSITION,
    },
    "filePath",
)
_CONTENT: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_COMMENT}

NEW_COMMENT = _object(
    {
        "parentCommentId": {"type": "integer", "minimum": 0},
        "content": _CONTENT,
        "commentType": _enumeration(COMMENT_TYPES),
    },
    "content",
)
CHANGED_COMMENT = _object({"content": _CONTENT}, "content")
NEW_THREAD = _object(
    {
        "comments": {"type": "array", "items": NEW_COMMENT, "minItems": 1},
        "status": _enumeration(THREAD_STATUSES),
        "properties": _PROPERTIES,
        "threadContext": {"anyOf": [_THREAD_CONTEXT, {"type": "null"}]},
        "pullRequestThreadContext": {"type": ["object", "null"]},
    },
    "comments",
)
CHANGED_THREAD = _object({"status": _enumeration(THREAD_STATUSES), "properties": _PROPERTIES}) | {"minProperties": 1}
_STATUS: Schema = {
    "state": _enumeration(STATUS_STATES),
    "description": _TEXT,
    "context": _object({"name": _NAME, "genre": _TEXT}, "name"),
    "targetUrl": {"type": "string", "pattern": "^https?://[^\\s]+$"},
}
NEW_STATUS = _object({**_STATUS, "iterationId": _ID, "properties": _PROPERTIES}, "state", "context")
NEW_COMMIT_STATUS = _object(_STATUS, "state", "context")
PULL_REQUEST_QUERY = _object(
    {
        "queries": {
            "type": "array",
            "minItems": 1,
            "items": _object(
                {"type": _enumeration(QUERY_TYPES), "items": {"type": "array", "items": _SHA, "minItems": 1}},
                "type",
                "items",
            ),
        }
    },
    "queries",
)
_VERSIONED = _mapping(_object({"version": _TEXT}))
NEW_RUN = _object(
    {
        "previewRun": _FLAG,
        "resources": _object(
            {
                "repositories": _mapping(
                    # A bare branch name is taken for no branch at all.
                    _object({"refName": {"type": "string", "pattern": "^refs/"}, "version": _SHA})
                ),
                "pipelines": _VERSIONED,
                "builds": _VERSIONED,
                "containers": _VERSIONED,
                "packages": _VERSIONED,
            }
        ),
        "stagesToSkip": {"type": "array", "items": _NAME},
        "templateParameters": _mapping(_SCALAR),
        "variables": _mapping(_object({"value": _TEXT, "isSecret": _FLAG}, "value")),
        "yamlOverride": _TEXT,
    }
)
NEW_RELEASE = _object(
    {
        "definitionId": _ID,
        "description": _TEXT,
        "artifacts": {
            "type": "array",
            "items": _object(
                {
                    "alias": _NAME,
                    "instanceReference": _object(
                        {
                            "id": _NAME,
                            "name": _TEXT,
                            "definitionId": _TEXT,
                            "sourceBranch": _TEXT,
                            "sourceVersion": _TEXT,
                            "sourceRepositoryId": _TEXT,
                            "sourceRepositoryType": _TEXT,
                        },
                        "id",
                    ),
                },
                "alias",
                "instanceReference",
            ),
        },
        "isDraft": _FLAG,
        "manualEnvironments": {"type": ["array", "null"], "items": _NAME},
        "reason": _enumeration(RELEASE_REASONS),
        "variables": _mapping(_object({"value": _TEXT, "isSecret": _FLAG, "allowOverride": _FLAG}, "value")),
        "properties": _PROPERTIES,
    },
    "definitionId",
)
