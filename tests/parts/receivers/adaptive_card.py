"""What a card for people to read may hold, after the schema of Adaptive Cards 1.5 (adaptivecards.io/explorer).

Inputs and actions that send something are left out: nobody receives them behind a webhook.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

Schema = dict[str, Any]

_FLAG: Schema = {"type": "boolean"}
_TEXT: Schema = {"type": "string"}
_ADDRESS: Schema = {"type": "string", "pattern": "^https?://"}
_VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5")
# The version that brought an element; older ones are not named.
_SINCE = {"RichTextBlock": "1.2", "ActionSet": "1.2", "Action.ToggleVisibility": "1.2", "Table": "1.5"}


def _enumeration(*names: str) -> Schema:
    return {"enum": list(names)}


def _list(reference: str) -> Schema:
    return {"type": "array", "minItems": 1, "items": {"$ref": f"#/$defs/{reference}"}}


_COLORS = _enumeration("default", "dark", "light", "accent", "good", "warning", "attention")
_STYLES = _enumeration("default", "emphasis", "good", "attention", "warning", "accent")
_SIZES = _enumeration("default", "small", "medium", "large", "extraLarge")
_WEIGHTS = _enumeration("default", "lighter", "bolder")
_ALIGNED = _enumeration("left", "center", "right")
_PLACED = _enumeration("top", "center", "bottom")
_FONTS = _enumeration("default", "monospace")
_EVERYWHERE: Schema = {
    "id": _TEXT,
    "isVisible": _FLAG,
    "separator": _FLAG,
    "spacing": _enumeration("default", "none", "small", "medium", "large", "extraLarge", "padding"),
    "height": _enumeration("auto", "stretch"),
}
_WORDING: Schema = {
    "color": _COLORS,
    "fontType": _FONTS,
    "isSubtle": _FLAG,
    "size": _SIZES,
    "weight": _WEIGHTS,
}
_CONTAINING: Schema = {
    "style": _STYLES,
    "bleed": _FLAG,
    "minHeight": _TEXT,
    "verticalContentAlignment": _PLACED,
    "selectAction": {"$ref": "#/$defs/action"},
}


def _typed(kind: str, properties: Schema, *required: str, common: Schema = _EVERYWHERE) -> Schema:
    return {
        "type": "object",
        "properties": {"type": {"const": kind}, **common, **properties},
        "required": ["type", *required],
        "additionalProperties": False,
    }


_ACTING: Schema = {
    "id": _TEXT,
    "title": _TEXT,
    "iconUrl": _ADDRESS,
    "isEnabled": _FLAG,
    "tooltip": _TEXT,
    "mode": _enumeration("primary", "secondary"),
    "style": _enumeration("default", "positive", "destructive"),
}
_ACTIONS = [
    _typed("Action.OpenUrl", {"url": _ADDRESS}, "url", common=_ACTING),
    _typed("Action.ShowCard", {"card": {"$ref": "#/$defs/inner card"}}, "card", common=_ACTING),
    _typed(
        "Action.ToggleVisibility",
        {"targetElements": {"type": "array", "minItems": 1, "items": _TEXT}},
        "targetElements",
        common=_ACTING,
    ),
]
_RUN = _typed(
    "TextRun",
    {**_WORDING, "text": _TEXT, "italic": _FLAG, "strikethrough": _FLAG, "underline": _FLAG, "highlight": _FLAG},
    "text",
    common={},
)
_FACT: Schema = {
    "type": "object",
    "properties": {"title": _TEXT, "value": _TEXT},
    "required": ["title", "value"],
    "additionalProperties": False,
}
_WIDTH: Schema = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^(auto|stretch|\d+(\.\d+)?(px)?)$"}]}
_COLUMN = _typed("Column", {**_CONTAINING, "items": _list("element"), "width": _WIDTH})
_CELL = _typed("TableCell", {**_CONTAINING, "items": _list("element")}, "items", common={})
_ROW = _typed("TableRow", {"cells": {"type": "array", "items": _CELL}, "style": _STYLES}, "cells", common={})
_ELEMENTS = [
    _typed(
        "TextBlock",
        {
            **_WORDING,
            "text": {"type": "string", "minLength": 1},
            "horizontalAlignment": _ALIGNED,
            "maxLines": {"type": "integer", "minimum": 1},
            "wrap": _FLAG,
            "style": _enumeration("default", "heading"),
        },
        "text",
    ),
    _typed(
        "RichTextBlock",
        {"inlines": {"type": "array", "items": {"anyOf": [_TEXT, _RUN]}}, "horizontalAlignment": _ALIGNED},
        "inlines",
    ),
    _typed(
        "Image",
        {
            "url": _ADDRESS,
            "altText": _TEXT,
            "horizontalAlignment": _ALIGNED,
            "size": _enumeration("auto", "stretch", "small", "medium", "large"),
            "style": _enumeration("default", "person"),
            "width": _TEXT,
            "backgroundColor": _TEXT,
            "selectAction": {"$ref": "#/$defs/action"},
        },
        "url",
    ),
    _typed("Container", {**_CONTAINING, "items": _list("element")}, "items"),
    _typed("ColumnSet", {**_CONTAINING, "columns": {"type": "array", "items": _COLUMN}}),
    _typed("FactSet", {"facts": {"type": "array", "minItems": 1, "items": _FACT}}, "facts"),
    _typed("ActionSet", {"actions": _list("action")}, "actions"),
    _typed(
        "Table",
        {
            "columns": {"type": "array", "items": {"type": "object", "properties": {"width": _WIDTH}}},
            "rows": {"type": "array", "items": _ROW},
            "firstRowAsHeaders": _FLAG,
            "showGridLines": _FLAG,
            "gridStyle": _STYLES,
            "horizontalCellContentAlignment": _ALIGNED,
            "verticalCellContentAlignment": _PLACED,
        },
        "columns",
        "rows",
    ),
]
_CARD = {
    "$schema": {"const": "http://adaptivecards.io/schemas/adaptive-card.json"},
    "version": {"enum": list(_VERSIONS)},
    "body": _list("element"),
    "actions": _list("action"),
    "fallbackText": _TEXT,
    "speak": _TEXT,
    "lang": _TEXT,
    "minHeight": _TEXT,
    "verticalContentAlignment": _PLACED,
    "msteams": {"type": "object"},
}
_SCHEMA = {
    **_typed("AdaptiveCard", _CARD, "version", "body", common={}),
    "$defs": {
        "element": {"oneOf": _ELEMENTS},
        "action": {"oneOf": _ACTIONS},
        # A card within a card takes the version of the outer one.
        "inner card": _typed("AdaptiveCard", _CARD, "body", common={}),
    },
}


def problems_of(card: Any) -> list[str]:
    """What is wrong with a card; nothing for a sound one."""
    errors = Draft202012Validator(_SCHEMA).iter_errors(card)
    if problems := [f"{error.json_path}: {error.message[:300]}" for error in errors]:
        return problems
    version = card["version"]
    return [f"{kind} is there since {_SINCE[kind]}" for kind in _kinds(card) if _SINCE.get(kind, "1.0") > version]


def _kinds(value: Any) -> Iterator[str]:
    """The type of everything in a card."""
    if isinstance(value, dict):
        if "type" in value:
            yield value["type"]
        for each in value.values():
            yield from _kinds(each)
    elif isinstance(value, list):
        for each in value:
            yield from _kinds(each)
