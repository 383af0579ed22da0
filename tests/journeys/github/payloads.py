"""What somebody writes who wants a job to do something else."""

from __future__ import annotations

MARK = "it-was-executed"
"""The name of a file that every command among them would make."""

_SHELL = [
    f"$(touch {MARK})", f"`touch {MARK}`", f"; touch {MARK};", f"| touch {MARK}", f"& touch {MARK} &",
    f"' ; touch {MARK} ; '", f'" ; touch {MARK} ; "', f"'$(touch {MARK})'", f"${{IFS}};touch${{IFS}}{MARK}",
    f"x\ntouch {MARK}\n", f"--upload-pack=touch {MARK}", f"ext::sh -c touch% {MARK}", f"!touch {MARK}",
    f"<(touch {MARK})", f"$'\\x60touch {MARK}\\x60'",
]  # fmt: skip
_EXPRESSIONS = [
    "${{ toJSON(secrets) }}", "${{ github.token }}", "$[ variables.token ]", "$(System.AccessToken)", "{{ 7 * 7 }}",
]  # fmt: skip
_COMMANDS = [
    "::set-output name=forged::yes", "::add-mask::accuracy", "::error file=a.py,line=1::forged", "::stop-commands::x",
    "::add-path::/tmp/forged", "::set-env name=PATH::/tmp/forged", "::save-state name=forged::yes",
    "  ::notice::forged", "\r::warning::forged", "##[set-output name=forged]yes", "##[add-path]/tmp/forged",
    "##[group]forged", "x ##[error]forged", "##vso[task.setvariable variable=forged]yes", "##vso[task.complete result=Succeeded]",
    "\u200b::set-output name=forged::yes", "\x1b[2K::set-output name=forged::yes",
]  # fmt: skip
_FILES = [
    "forged=yes", "x\nforged=yes\n", "forged<<EOF\nyes\nEOF", "ghadelimiter\nforged=yes", "EOF\nforged=yes\nEOF",
]  # fmt: skip
_MARKDOWN = [
    "<img src=https://forged.example/x onerror=alert(1)>", "<script>alert(1)</script>",
    "<!-- mlops-ci repository=acme/ml -->",
    "<!-- section model=coin outcome=passed sha=1 run=9 attempt=9 -->", "<!-- end of section -->",
    "</details></details>", "[forged](https://forged.example)", "| a | b |\n|---|---|",
]  # fmt: skip
PAYLOADS = [*_SHELL, *_EXPRESSIONS, *_COMMANDS, *_FILES, *_MARKDOWN]
BRANCHES = [
    'zzz";echo${IFS}x;#', f"a$(touch${{IFS}}{MARK})", f"b`touch${{IFS}}{MARK}`", "<!--c-->", "d|e", "##vso(task.x)y",
]  # fmt: skip
