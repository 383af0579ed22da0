from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mlops_ci.resources import resource

StoredSchema = Callable[[str, dict[str, Any]], None]


@pytest.fixture
def stored_schema(request: pytest.FixtureRequest) -> StoredSchema:
    """Compare a generated schema with its file in ``schemas/``."""

    def compare(name: str, schema: dict[str, Any]) -> None:
        file = resource("schemas", f"{name}.schema.json")
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        if request.config.getoption("--renew-golden"):
            file.write_text(text, "utf-8")
        assert file.is_file(), f"{file} is missing: run make golden and review it"
        assert text == file.read_text("utf-8"), "if the change is meant, run make golden and review the diff"

    return compare
