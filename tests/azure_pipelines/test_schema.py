"""All our YAML for Azure Pipelines against Microsoft's schema, which is taught our tasks."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.azure_pipelines.conftest import ROOT

FILES = sorted([*ROOT.glob("pipelines/templates/*.yml"), *ROOT.glob("examples/**/azure*/*.yml")])
GATE = """\
steps:
  - task: MlopsGate@1
    inputs:
      candidate: new.csv
      {input}
"""


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    [package] = find_spec("check_jsonschema").submodule_search_locations  # type: ignore[union-attr, misc]
    vendored = Path(package) / "builtin_schemas/vendor/azure-pipelines.json"
    merged = tmp_path_factory.mktemp("schema") / "azure-pipelines.schema.json"
    subprocess.run([sys.executable, ROOT / "pipelines/schema.py", vendored, merged], check=True)
    return merged


def check(schema: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--regex-variant", "nonunicode", "--data-transform",
               "azure-pipelines", "--schemafile", str(schema), *map(str, files)]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_all_our_pipelines_and_templates_fit(schema: Path) -> None:
    assert len(FILES) >= 4
    done = check(schema, *FILES)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "line", ["onInconclusive: block", "onInconclusive: $(decision)", "confidence: 0.9", "rule: accuracy > baseline"]
)
def test_inputs_of_a_task_fit(schema: Path, tmp_path: Path, line: str) -> None:
    file = tmp_path / "azure-pipelines.yml"
    file.write_text(GATE.replace("{input}", line))
    done = check(schema, file)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("text", [
    GATE.replace("{input}", "candidates: new.csv"),
    GATE.replace("{input}", "onInconclusive: perhaps"),
    GATE.replace("{input}", "rule: x").replace("MlopsGate@1", "MlopsGates@1"),
    "steps:\n  - task: MlopsDownload@1\n    inputs: {connection: models}\n",
    "steps:\n  - task: MlopsDownload@1\n",
])  # fmt: skip
def test_a_mistake_in_a_task_does_not(schema: Path, tmp_path: Path, text: str) -> None:
    file = tmp_path / "azure-pipelines.yml"
    file.write_text(text)
    assert check(schema, file).returncode == 1
