"""What Azure DevOps offers of models and versions: the manifest's data sources over a workspace's own JSON.

The service's evaluator is not to be had. This one takes from its documents what the manifest uses: addresses and
results are templates (``{{{name}}}``, ``{{#list}}…{{/list}}``), and selectors are jsonpath.
"""

from __future__ import annotations

import functools
import http.server
import json
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonpath_ng.ext.parser import parse

from tests.azure_pipelines.conftest import ROOT
from tests.support.lab import Lab

CONTRIBUTIONS = json.loads((ROOT / "pipelines/vss-extension.json").read_text("utf-8"))["contributions"]
ENDPOINT, ARTIFACT = (
    next(each["properties"] for each in CONTRIBUTIONS if each["id"] == name)
    for name in ("workspace-connection", "registered-model")
)
DOWNLOAD = json.loads((ROOT / "pipelines/download/task.json").read_text("utf-8"))
_LIST = re.compile(r"\{\{#(\w+)\}\}(.*?)\{\{/\1\}\}")
_VALUE = re.compile(r"\{\{\{?([\w.]+)\}?\}\}")


def render(template: str, values: Mapping[str, Any]) -> str:
    def repeated(found: re.Match[str]) -> str:
        return "".join(render(found[2], {"this": item}) for item in values[found[1]])

    return _VALUE.sub(lambda found: str(values[found[1]]), _LIST.sub(repeated, template))


def query(url: str, source: str, template: str | None = None, **inputs: str) -> list[Any]:
    """What a data source answers, each result as the template makes it."""
    [declared] = (each for each in ENDPOINT["dataSources"] if each["name"] == source)
    answer = requests.get(render(declared["endpointUrl"], {"endpoint.url": url, **inputs}), timeout=30)
    answer.raise_for_status()
    selector = declared["resultSelector"].removeprefix("jsonpath:")
    results = [found.value for found in parse(selector).find(answer.json())]
    return [json.loads(render(template, result)) for result in results] if template else results


def bound(url: str, target: str, bindings: list[dict[str, Any]], **inputs: str) -> list[Any]:
    """What the field of a form offers."""
    [binding] = (each for each in bindings if each["target"] == target)
    return query(url, binding["dataSourceName"], binding["resultTemplate"], **inputs)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def served(lab: Lab, tmp_path: Path) -> Iterator[str]:
    """The address of a workspace with two models, one of them with three versions, the second being its champion."""
    workspace = tmp_path / "models"
    for number in (1, 2, 3):
        lab.write("model.bin", f"model {number}")
        assert lab.run("register", "--model", "fraud", "--file", "model.bin", "--workspace", str(workspace)).code == 0
    assert lab.run("register", "--model", "churn", "--file", "model.bin", "--workspace", str(workspace)).code == 0
    assert lab.run("promote", "fraud@2", "--alias", "champion", "--workspace", str(workspace)).code == 0
    assert lab.run("promote", "fraud@3", "--alias", "trial", "--workspace", str(workspace)).code == 0
    handler = functools.partial(_Quiet, directory=str(workspace))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_the_forms_offer_models_and_versions(served: str) -> None:
    for bindings, versions in (
        (ARTIFACT["dataSourceBindings"], "versions"),
        (DOWNLOAD["dataSourceBindings"], "version"),
    ):
        models = bound(served, "definition", bindings)
        assert models == [{"Value": name, "DisplayValue": name} for name in ("churn", "fraud")]
        found = bound(served, versions, bindings, definition="fraud")
        assert [each["Value"] for each in found] == ["3", "2", "1"]
        shown = [each["DisplayValue"].partition(" (")[0] for each in found]
        assert shown == ["3 trial", "2 champion", "1"]
    assert query(served, "TestConnection") == [1]


def test_the_latest_version_of_a_release_is_the_champion(served: str) -> None:
    [latest] = bound(served, "latestversion", ARTIFACT["dataSourceBindings"], definition="fraud")
    assert latest["Value"] == "2"
    assert bound(served, "latestversion", ARTIFACT["dataSourceBindings"], definition="churn") == []
    files = bound(served, "artifacts", ARTIFACT["dataSourceBindings"], definition="fraud")
    assert [each["Value"] for each in files] == ["model.bin"]


def test_every_binding_names_a_data_source_and_no_header_carries_a_key() -> None:
    known = {each["name"] for each in ENDPOINT["dataSources"]}
    for binding in [*ARTIFACT["dataSourceBindings"], *DOWNLOAD["dataSourceBindings"]]:
        assert binding["dataSourceName"] in known
    headers = {scheme["type"]: scheme.get("headers", []) for scheme in ENDPOINT["authenticationSchemes"]}
    assert headers["ms.vss-endpoint.endpoint-auth-scheme-none"] == []
