"""Hostile names, given to everything that takes the name of a model, a reference, an alias, a tag or a sink."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_ci import Workspace
from mlops_ci.__main__ import run
from mlops_ci.errors import MlopsError, UsageError
from mlops_ci.registry.outbox import Outbox
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.register import register
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.local import LocalStore
from tests.registry.deliveries import Receiver, Time
from tests.registry.making import open_log, registration, sha
from tests.support.lab import tree_bytes

PATHS = [
    '', '.', '..', '/', '//', '../x', 'x/..', './x', 'x/', '/etc/passwd', 'a/b', 'a//b', '~', '~root', 'C:\\x',
    '\\\\host\\x', 'x\\..\\y', '..%2f..%2fx', '%2e%2e', '%00', 'a%2fb', 'file:///x', 'con:', 'nul.', 'a.', '.a',
    'a..b', '...', '.git', '.tmp', '_last.json', '*', '?', '[a]', '{a,b}', 'a b', ' a', 'a ', '\t', 'a\tb', 'a\nb',
    '\n', 'a\r\nb', 'a\n', '\x1b[31m', '\x07', '\x7f', 'a\x0bb', 'a\u2028b', '\u202eabc', 'a\u200bb', '\ufeffa',
    '\uff4dodel', 'm\u043edel', 'mod\u0435l', 'MODEL', 'Model', 'm\xf6del', '\u0131', '\ufb01', '\xb2', '\u2460',
    '\u0663', '\U0001d426', '\u65e5\u672c', '\U0001f642', 'a\u0301', '\xa0', '\udcff', 'a\udc80b', "a" * 101,
    "a" * 5000, "\xe9" * 300,
]  # fmt: skip
SHELL = [
    '$(id)', '`id`', '${HOME}', '$HOME', ';id', 'a;b', 'a|b', 'a&b', 'a&&b', '>x', '<x', 'a>b', '#', '!', 'a!b', "'",
    '"', "''", "a'b", 'a"b', '\\', 'a\\b', '(a)', 'a=b', '=', '@', '@@', 'a@', '@a', 'a@b@c', ':', 'a:b', ',', 'a,b',
    '^', '+', 'a+b', '%s', '%n', '{}', '{0}', '{{x}}', '<script>', '</a>', '<!--', '&lt;', '::set-output name=x::y',
    '##vso[x]', '\x1b]0;x\x07',
]  # fmt: skip
SQL = [
    "' or 1=1 --", "'; drop table versions; --", '" or ""="', '1; select 1', "%' --", "a' union select 1 --", "\\'",
    "''--",
]  # fmt: skip
DASHES = [
    '-', '--', '-a', '--help', '-h', '--version', '--workspace', '--json', '-x=1', 'a-', '-1', '--model=x', '_a',
    'a_',
]  # fmt: skip
NUMBERS = [
    '-0', '+1', '\u0664', 'V1', 'v 1', '1 ',
]  # fmt: skip
# What is well formed and means nothing here.
UNKNOWN = [
    'none', 'a', '0', 'null', 'true', 'nan', 'abcdef0', "f" * 40, 'deadbeef', 'a.b-c_d', "a" * 100, 'baseline', 'v0',
    '0x10', '1.0', '1e5', "9" * 30, 'v', 'v-1', 'v1.0', "v" + "9" * 30,
]  # fmt: skip
# One character that is wrong in a name that is good otherwise.
INSIDE = [
    f"mo{character}del"
    for character in [
        *map(chr, range(1, 33)),
        *map(chr, range(0x7F, 0xA1)),
        *"!\"#$%&'()*+,/:;<=>?[\\]^`{|}~",
        *"\u00ad\u034f\u061c\u115f\u17b4\u180e\u2000\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e",
        *"\u2044\u2060\u2064\u2066\u2069\u2215\u29f8\u3000\u3164\ufe0f\ufeff\uff0e\uff0f\uff3c\uffa0\ufffd\U000e0001",
    ]
]
HOSTILE = [*PATHS, *SHELL, *SQL, *DASHES, *NUMBERS, *INSIDE]
ALL = [*HOSTILE, *UNKNOWN]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One model of one version, the champion; the commands run in an empty folder beside it."""
    store = LocalStore(tmp_path / "workspace")
    initialise(store)
    register(open_log(store, "fraud"), registration(tmp_path / "sources", sha(1), "f1"))
    move_alias(open_log(store, "fraud"), "champion", 1, rollback=False, reason=None)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "m.bin").write_bytes(b"m")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("MLOPS_CI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("MLOPS_CI_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("MLOPS_CI_HOST", "local")
    return tmp_path / "workspace"


COMMANDS: dict[str, Callable[[str], list[str]]] = {
    "show model": lambda name: ["models", "show", "--", f"{name}@champion"],
    "show selector": lambda name: ["models", "show", "--", f"fraud@{name}"],
    "show": lambda name: ["models", "show", name],
    "history": lambda name: ["models", "history", name],
    "download model": lambda name: ["models", "download", "--", f"{name}@champion", "out"],
    "download selector": lambda name: ["models", "download", "--", f"fraud@{name}", "out"],
    "tag model": lambda name: ["models", "tag", "--", f"{name}@champion", "a=b"],
    "tag selector": lambda name: ["models", "tag", "--", f"fraud@{name}", "a=b"],
    "promote model": lambda name: ["promote", "--", f"{name}@v1"],
    "promote selector": lambda name: ["promote", "--alias", "other", "--", f"fraud@{name}"],
    "list": lambda name: ["models", "list", f"--model={name}"],
    "search model": lambda name: ["models", "search", f"--model={name}"],
}
REGISTERING: dict[str, Callable[[str], list[str]]] = {
    "register": lambda name: ["register", f"--model={name}", "--file", "m.bin"],
    "promote alias": lambda name: ["promote", "fraud@v1", f"--alias={name}"],
    "tag name": lambda name: ["models", "tag", "fraud@v1", "--", f"{name}=x"],
}
TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")  # may have capitals, slashes and other ends
HELP = {"--help", "-h"}


@pytest.mark.parametrize("command", [*COMMANDS, *REGISTERING])
def test_no_name_does_anything_but_a_refusal_on_the_command_line(
    workspace: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    before = tree_bytes(workspace)
    wrong = []
    names = ALL if command in COMMANDS else HOSTILE
    for name in names:
        if name in HELP and command in {"show", "history"}:
            continue
        arguments = {**COMMANDS, **REGISTERING}[command](name)
        if command == "tag name" and TAG.fullmatch(name.partition("=")[0]):
            continue
        code = run(arguments)
        lines = capsys.readouterr().err.splitlines()
        if code not in {2, 4} or len(lines) != 1 or "\x1b" in lines[0]:
            wrong.append((name, code, lines))
        assert tree_bytes(workspace) == before, f"{name!r} has changed the workspace"
    assert not wrong
    assert not (workspace.parent / "here" / "out").exists()


@pytest.mark.parametrize(
    "option", ["--alias", "--tag", "--sort", "--text", "--commit", "--since", "--until", "--metric"]
)
def test_no_search_term_is_more_than_a_term(workspace: Path, capsys: pytest.CaptureFixture[str], option: str) -> None:
    before = tree_bytes(workspace)
    for name in ALL:
        value = f"{name}=x" if option == "--tag" else f"{name} > 0" if option == "--metric" else name
        code = run(["models", "search", f"{option}={value}", "--json"])
        shown = capsys.readouterr()
        assert code == 2 or (
            code == 0 and (shown.out == "[]\n" or option in {"--text", "--since", "--until"} or not name)
        ), value
        assert len(shown.err.splitlines()) == (code == 2), value
    assert tree_bytes(workspace) == before


def _api(workspace: Path) -> dict[str, Callable[[str], Any]]:
    opened = Workspace(workspace)
    model = opened.model("fraud")
    return {
        "model": lambda name: opened.model(name)["champion"],
        "versions": lambda name: opened.model(name).versions(),
        "selector": lambda name: model[name],
        "sink": lambda name: Outbox(open_log(LocalStore(workspace)), "ws", Receiver(name).sink(), clock=Time()),
    }


@pytest.mark.parametrize("method", ["model", "versions", "selector", "sink"])
def test_no_name_does_anything_but_a_refusal_in_python(workspace: Path, method: str) -> None:
    before = tree_bytes(workspace)
    ask = _api(workspace)[method]
    for name in HOSTILE if method == "sink" else ALL:
        with pytest.raises(UsageError) as caught:
            ask(name)
        assert isinstance(caught.value, MlopsError)
        assert "\n" not in caught.value.line()
    assert tree_bytes(workspace) == before


def test_there_are_enough_of_them() -> None:
    assert len(set(ALL)) == len(ALL) > 300
    assert len(ALL) * (len(COMMANDS) + 8) + len(HOSTILE) * len(REGISTERING) > 6000
