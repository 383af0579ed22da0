"""Bad input: the right exit code, one line on stderr, no traceback, the workspace untouched."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.lab import MLOPS_CI, Lab, clean_environment, tree_bytes


@dataclass(frozen=True)
class Case:
    """How to spoil a healthy project with a champion, what to run then, and what must be said."""

    name: str
    spoil: Callable[[Lab], object]
    command: tuple[str, ...]
    code: int
    says: str
    env: dict[str, str] = field(default_factory=dict)


def nothing(lab: Lab) -> None:
    """Leave the project as it is."""


def remove(path: str) -> Callable[[Lab], object]:
    return lambda lab: (lab.folder / path).unlink()


def put(path: str, text: str) -> Callable[[Lab], object]:
    return lambda lab: lab.write(path, text)


def put_bytes(path: str, data: bytes) -> Callable[[Lab], object]:
    return lambda lab: (lab.folder / path).write_bytes(data)


def edit(path: str, old: str, new: str) -> Callable[[Lab], object]:
    return lambda lab: lab.edit(path, old, new)


def rule(text: str) -> Callable[[Lab], object]:
    return edit("mlops.yaml", "accuracy > baseline", text)


def misspelt_metric(lab: Lab) -> None:
    lab.edit("mlops.yaml", "  metrics: build/metrics.json\n", "")
    lab.edit("mlops.yaml", "    - size <= 100\n", "")
    lab.edit("mlops.yaml", "accuracy > baseline", "accuraci > baseline")


CI = ("ci", "--host", "local")
BOMB = "a: &a [1]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n"
PREDICT = "open('build/metrics.json', 'w').write('{}')\nopen('build/predictions.csv', 'w').write(%r)\n"

CASES = [
    Case("missing config", remove("mlops.yaml"), CI, 2, "no mlops.yaml here"),
    Case("YAML syntax error", put("mlops.yaml", "version: 1\nmodel: [\n"), CI, 2, "mlops.yaml:3:1: not valid YAML"),
    Case("duplicate key", edit("mlops.yaml", "version: 1", "version: 1\nversion: 1"), CI, 2, ":2:1: the key 'version'"),
    Case("unknown key", edit("mlops.yaml", "gate:", "gaet: {}\ngate:"), CI, 2, "unknown key 'gaet'; did you mean 'gate'?"),
    Case("wrong type", edit("mlops.yaml", "name: coin", "name: 3"), CI, 2, "mlops.yaml:3:9: 3 is not text"),
    Case("alias bomb", put("mlops.yaml", BOMB), CI, 2, "anchors and aliases are not supported"),
    Case("custom tag", put("mlops.yaml", "a: !!python/object:os.x 1"), CI, 2, "are not supported"),
    Case("not UTF-8", put_bytes("mlops.yaml", b"version: 1\n# \xff\n"), CI, 2, "mlops.yaml:2:3: not UTF-8 text"),
    Case("name with dots", edit("mlops.yaml", "name: coin", "name: a..b"), CI, 2, '"a..b" is not valid here'),
    Case("name with slash", edit("mlops.yaml", "name: coin", "name: ../a"), CI, 2, '"../a" is not valid here'),
    Case("uppercase name", edit("mlops.yaml", "name: coin", "name: Coin"), CI, 2, '"Coin" is not valid here'),
    Case("300-character name", edit("mlops.yaml", "coin", "a" * 300), CI, 2, "is not valid here"),
    Case("unknown metric", misspelt_metric, CI, 2, "unknown metric 'accuraci'; did you mean 'accuracy'?"),
    Case("NaN threshold", rule("accuracy > .nan"), CI, 2, "is not a finite number"),
    Case("percent sign", rule("accuracy > 90 %"), CI, 2, "as a fraction"),
    Case("no rule", rule("be good"), CI, 2, "not a rule: 'be good'"),
    Case("empty rules", edit("mlops.yaml", "rules:\n    - accuracy > baseline\n    - size <= 100", "rules: []"), CI, 2,
         "at least one is needed"),
    Case("confidence of one", edit("mlops.yaml", "gate:", "gate:\n  confidence: 1"), CI, 2, "is too large"),
    Case("NaN confidence", edit("mlops.yaml", "gate:", "gate:\n  confidence: .nan"), CI, 2, "confidence is not a number"),
    Case("unknown scheme", edit("mlops.yaml", "params: p", "workspace: ftp://x\nparams: p"), CI, 2, "scheme ftp://"),
    Case("workspace that would vanish", nothing, ("ci",), 2, "would vanish with this CI machine", {"CI": "true"}),
    Case("params file missing", remove("params.yaml"), CI, 2, "the params file does not exist; params.yaml"),
    Case("params syntax", put("params.yaml", "train: [\n"), CI, 2, "params.yaml:2:1: not valid YAML"),
    Case("unknown parameter", put("params.yaml", "other: 1\n"), CI, 2, "no parameter 'train'; step train; keys there: other"),
    Case("input missing", remove("train.py"), CI, 2, "input 'train.py' does not exist; step train"),
    Case("dataset missing", remove("data/rows.csv"), CI, 2, "dataset 'data/rows.csv' does not exist"),
    Case("cycle", edit("mlops.yaml", "inputs: [train.py]", "inputs: [build/metrics.json]"), CI, 2,
         "steps wait for one another: "),
    Case("requirements missing", edit("mlops.yaml", "params: p", "environment: {pip: none.txt}\nparams: p"), CI, 2,
         "the requirements file cannot be read; none.txt"),
    Case("no git repository", lambda lab: (lab.folder / ".git").rename(lab.folder / "git"), CI, 2, "not a git repository"),
    Case("detached HEAD", lambda lab: lab.git("checkout", "--quiet", "--detach"), CI, 2, "HEAD is detached"),
    Case("unknown model", nothing, ("models", "show", "none@champion"), 2, "unknown model 'none'"),
    Case("unknown alias", nothing, ("models", "show", "coin@best"), 2, "no alias 'best'; coin@best; its aliases: champion"),
    Case("unknown version", nothing, ("models", "show", "coin@v9"), 2, "no version 9; coin@v9; the newest is v1"),
    Case("unknown SHA", nothing, ("models", "show", "coin@abcdef1"), 2, "no version of commit abcdef1"),
    Case("no reference", nothing, ("models", "show", "coin"), 2, "not a reference; 'coin'"),
    Case("hostile model name", nothing, ("models", "show", "../x@champion"), 2, "not a model name"),
    Case("hostile alias", nothing, ("promote", "coin@v1", "--alias", "v7"), 2, "not an alias name; 'v7'"),
    Case("no tag", nothing, ("models", "search", "--tag", "team"), 2, "not a tag; 'team'"),
    Case("hostile run", nothing, ("runs", "show", "../../x"), 2, "not the name of a run"),
    Case("unknown run", nothing, ("runs", "show", "20200101T000000000-00000000"), 2, "no run 20200101T000000000-00000000"),
    Case("workspace among other things", nothing, ("workspace", "init", "--workspace", "."), 2, "holds other things"),
    Case("workspace that is a file", nothing, ("workspace", "init", "--workspace", "README.md"), 2, "is not a folder"),
    Case("project that is not there", nothing, ("ci", "--project", "nope"), 2, "no such file or folder; nope"),
    Case("output inside .git", edit("mlops.yaml", "outputs: [build/model.txt]", "outputs: [build/model.txt, .git/hooks/x]"), CI, 2, "an output must lie"),
    Case("no workspace", nothing, ("models", "list", "--workspace", "elsewhere"), 2,
         "elsewhere; name another with --workspace, or make one with mlops-ci workspace init"),
    Case("file missing", nothing, ("register", "--model", "m", "--file", "none.bin"), 2, "no such file"),
    Case("abbreviated SHA unknown", nothing,
         ("register", "--model", "m", "--file", "train.py", "--commit", "1234567"), 2, "this clone has no such commit"),
    Case("no SHA", nothing, ("register", "--model", "m", "--file", "train.py", "--commit", "HEAD"), 2, "not a commit SHA"),
    Case("alias elsewhere", nothing, ("promote", "coin@v1", "--alias", "best", "--expect", "3"), 4,
         "best points to nothing, not to v3"),
    Case("expected version unreadable", nothing, ("promote", "coin@v1", "--expect", "first"), 2, "write 12 or v12"),
    Case("expected version as shown", nothing, ("promote", "coin@v1", "--alias", "best", "--expect", "v3"), 4,
         "best points to nothing, not to v3"),
    Case("one slash", nothing, ("workspace", "init", "--workspace", "s3:/bucket"), 2, "write s3://…, or put ./"),
    Case("no slash", nothing, (*CI, "--workspace", "git:origin"), 2, "neither a path nor a URL: 'git:…'"),
    Case("variable that is not set", nothing, (*CI, "--workspace", ""), 2, "the path or URL is empty; workspace"),
    Case("unknown verb", nothing, ("promot",), 2, "No such command 'promot'"),
    Case("unknown option", nothing, ("ci", "--frce"), 2, "No such option '--frce'"),
    Case("init over a project", nothing, ("init",), 2, "mlops.yaml exists already"),
    Case("newer workspace", lambda lab: lab.write(".mlops/workspace.json", '{"format":2,"id":"x"}'), CI, 5,
         "needs a newer mlops-ci (format 2)"),
    Case("unknown feature", lambda lab: lab.write(".mlops/workspace.json", '{"format":1,"id":"x","features":["z"]}'),
         ("models", "list"), 5, "needs a newer mlops-ci (z)"),
    Case("log gap", lambda lab: _entry_between(lab).unlink(),
         ("models", "show", "coin@champion"), 5, "an entry of the log is missing"),
    Case("broken chain", lambda lab: _append_byte(_entry_between(lab)),
         ("models", "show", "coin@champion"), 5, "hash chain is broken"),
    Case("broken group", lambda lab: _append_byte(min((lab.workspace / "models/coin/log").iterdir())),
         ("models", "show", "coin@champion"), 5, "a group of entries is not whole"),
    Case("truncated model", lambda lab: _truncate(next((lab.workspace / "models/coin/objects").rglob("model.txt"))),
         ("models", "download", "coin@champion", "out"), 5, "has other bytes than were registered"),
]  # fmt: skip


def _entry_between(lab: Lab) -> Path:
    """An entry by itself, after those of the run and before another."""
    for tag in ("a=1", "b=2"):
        assert lab.run("models", "tag", "coin@v1", tag).code == 0
    return sorted((lab.workspace / "models/coin/log").iterdir())[1]


def _append_byte(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b" ")


def _truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input_is_refused_in_one_line_and_changes_nothing(lab_with_champion: Lab, case: Case) -> None:
    lab = lab_with_champion
    case.spoil(lab)
    before = tree_bytes(lab.workspace)
    done = lab.run(*case.command, env=case.env)
    assert done.code == case.code, done.err
    assert case.says in done.err
    assert done.err.startswith(f"mlops-ci: error[{case.code}]: ")
    assert len(done.err.splitlines()) == 1
    assert "Traceback" not in done.err + done.out
    assert tree_bytes(lab.workspace) == before


EVALUATIONS = [
    ("no target column", "id,prediction\n1,1\n", 2, "no column 'target'"),
    ("no prediction", "id,target\n1,1\n", 2, "there is neither a prediction nor a score column"),
    ("duplicate ids", "id,target,prediction\n1,1,1\n1,0,1\n", 2, "the id '1' appears twice"),
    ("missing target", "id,target,prediction\n1,,1\n2,1,1\n", 2, "has missing values"),
    (
        "strange label",
        "id,target,prediction\n1,1,1\n2,0,maybe\n",
        2,
        "predictions are not labels of the target: 'maybe'",
    ),
    ("empty", "id,target,prediction\n", 2, "the table is empty"),
]


@pytest.mark.parametrize(
    ("predictions", "code", "says"), [case[1:] for case in EVALUATIONS], ids=[c[0] for c in EVALUATIONS]
)
def test_predictions_that_cannot_be_understood_fail_the_run_and_register_nothing(
    lab_with_champion: Lab, predictions: str, code: int, says: str
) -> None:
    lab = lab_with_champion
    lab.write("evaluate.py", PREDICT % predictions)
    lab.commit()
    models = tree_bytes(lab.workspace / "models")
    done = lab.run("ci")
    assert (done.code, len(done.err.splitlines())) == (code, 1)
    assert says in done.err
    assert tree_bytes(lab.workspace / "models") == models
    assert lab.run("runs", "list", "--json").json[0]["status"] == "failed"


@pytest.mark.parametrize("metrics", ['{"size": null}', "{}", '{"size": NaN}'])
def test_a_number_that_is_absent_or_no_number_fails_its_rule(lab_with_champion: Lab, metrics: str) -> None:
    lab = lab_with_champion
    lab.skill(0.8)
    lab.edit(
        "evaluate.py",
        'json.dump({"size": 10}, open("build/metrics.json", "w"))',
        f"""\
open("build/metrics.json", "w").write({metrics!r})""",
    )
    lab.commit()
    result = lab.ci()
    assert (result["outcome"], result["code"]) == ("refused", 1)
    assert "size is not" in next(rule for rule in result["verdict"]["rules"] if rule["metric"] == "size")["reason"]


def test_all_problems_of_a_project_are_reported_at_once(lab: Lab) -> None:
    lab.edit("mlops.yaml", "name: coin", "nmae: coin")
    lab.edit("mlops.yaml", "task: binary", "task: coin")
    done = lab.run("validate")
    assert done.code == 2
    assert [line.split(": ")[2].removeprefix("mlops.yaml:") for line in done.err.splitlines()] == ["3:3", "3:3", "22:9"]


def test_a_read_only_workspace_is_a_remote_failure(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    lab.write("train.py", (lab.folder / "train.py").read_text() + "# more\n")
    lab.commit()
    # Root may write anywhere, so the folder is made immutable by a file that stands where a folder has to be.
    runs = lab.workspace / "runs"
    runs.rename(lab.workspace / "moved")
    runs.write_text("in the way")
    done = lab.run("ci")
    assert (done.code, len(done.err.splitlines())) == (3, 1)
    assert "the workspace failed" in done.err


def test_a_bug_in_us_never_looks_like_a_refusal(lab: Lab) -> None:
    broken = (
        "import mlops_ci.cli.ci as m, mlops_ci.__main__ as main\n"
        "m.run_ci = None\n"
        "raise SystemExit(main.run(['ci', '--host', 'local']))"
    )
    done = subprocess.run(
        [MLOPS_CI[0], "-c", broken],
        cwd=lab.folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 70
    assert done.stderr.startswith("mlops-ci: error[70]: a bug in mlops-ci: TypeError: ")
    assert len(done.stderr.splitlines()) == 1


def test_secrets_do_not_appear_in_errors_logs_or_records(lab: Lab) -> None:
    canary = "canary-0123456789"
    lab.edit("mlops.yaml", "    params: [train]\n", "    params: [train]\n    env: [DATABASE_URL]\n")
    lab.write(
        "train.py",
        "import base64, os, sys\nv = os.environ['DATABASE_URL']\nprint(v)\n"
        "print(base64.b64encode(v.encode()).decode())\nsys.exit(v)\n",
    )
    lab.commit(f"message with {canary}")
    done = lab.run("ci", env={"DATABASE_URL": canary})
    assert done.code == 2
    assert "***" in done.out
    assert canary not in done.out + done.err
    assert not any(canary.encode() in content for content in tree_bytes(lab.workspace).values())
