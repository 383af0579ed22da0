"""Mermaid's own parser, from npm, in Node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.parts.need import missing

Mermaid = Callable[[list[str]], list[str]]
_ROOT = Path(__file__).parents[2]
# Mermaid looks for a document when it is loaded.
_PROGRAM = """
import { JSDOM } from "jsdom";
const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");
let text = "";
for await (const piece of process.stdin) text += piece;
const answers = [];
for (const diagram of JSON.parse(text)) {
  try { await mermaid.parse(diagram); answers.push("ok"); } catch (error) { answers.push(String(error)); }
}
console.log(JSON.stringify(answers));
"""


@pytest.fixture(scope="session")
def mermaid() -> Mermaid:
    """Say of each diagram ``ok``, or what Mermaid finds wrong."""
    parts = Path(os.environ.get("MLOPS_CI_CACHE_DIR", _ROOT / ".cache")) / "parts"
    node = shutil.which("node")
    if node is None or not all((parts / "node_modules" / name).is_dir() for name in ("mermaid", "jsdom")):
        missing("node, with the npm packages mermaid and jsdom")

    def parse(diagrams: list[str]) -> list[str]:
        done = subprocess.run(
            [node, "--input-type=module", "--eval", _PROGRAM],
            input=json.dumps(diagrams), cwd=parts, capture_output=True, text=True, check=True,
        )  # fmt: skip
        answers: list[str] = json.loads(done.stdout)
        return answers

    return parse
