"""``gate plan``, ``gate backtest`` and ``gate explain``: they tell, and change nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.test_gate import predictions
from tests.conftest import Golden
from tests.support.lab import Done, Lab, tree_bytes

HOSTILE = "\x1b[31m\u202e::error::x"
LEAST = ("--rule", "accuracy >= baseline - 0.05")


@pytest.fixture(scope="module")
def _story(_champion_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Three versions: the first champion, a better one that took its place, a worse one that did not."""
    folder = tmp_path_factory.mktemp("story") / "coin"
    shutil.copytree(_champion_template, folder, symlinks=True)
    lab = Lab.existing(folder)
    for skill in (0.8, 0.5):
        lab.skill(skill)
        lab.commit(f"skill {skill}")
        lab.ci()
    return lab


@pytest.fixture
def story(_story: Lab) -> Lab:
    """The same, for tests that only read."""
    return _story


@pytest.fixture
def files(tmp_path: Path) -> Lab:
    predictions(tmp_path / "old.csv", 0.7, seed=1)
    predictions(tmp_path / "new.csv", 0.85, seed=2)
    return Lab.existing(tmp_path)


def told(lab: Lab, *arguments: str) -> Done:
    done = lab.run("gate", *arguments, env={"COLUMNS": "80"})
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= 80 or "--json" in arguments
    return done


def refused(lab: Lab, *arguments: str) -> str:
    done = lab.run("gate", *arguments)
    assert (done.code, len(done.err.splitlines())) == (2, 1), done.err
    return done.err


def test_a_plan_by_what_is_said(files: Lab, golden: Golden) -> None:
    done = told(files, "plan", *LEAST[:1], "accuracy >= baseline - 0.01", "--disagreement", "0.1", "--rows", "3000")
    golden("gate-plan.txt", done.out)


def test_a_plan_by_two_files(files: Lab, golden: Golden) -> None:
    both = ("--candidate", "new.csv", "--baseline", "old.csv")
    done = told(files, "plan", *both, *LEAST, "--rule", "log_loss <= baseline * 1.02", "--looks", "10")
    golden("gate-plan-files.txt", done.out)
    assert files.run("gate", "plan", *both, *LEAST).code == 0
    one = told(files, "plan", "--baseline", "old.csv", *LEAST, "--json").json
    assert "independently" in " ".join(one["plans"][0]["assumes"])


def test_a_plan_of_the_projects_rules(story: Lab) -> None:
    before = tree_bytes(story.workspace)
    plan = told(story, "plan", "--json", "--gain", "0.1").json
    accuracy, size = plan["plans"]
    assert (accuracy["shows"], accuracy["rows"]) == ("gain", 400)
    assert accuracy["needed"] and accuracy["detectable"] and "uncertainty" in size["problem"]
    assert plan["notes"] == ["the spread is that of champion v2 beside v3, v1, whichever differs most"]
    other = told(story, "plan", *LEAST, "--json").json
    assert [item["rule"] for item in other["plans"]] == [LEAST[1]]
    assert tree_bytes(story.workspace) == before


def test_a_plan_is_drawn(files: Lab) -> None:
    said = ("plan", *LEAST, "--disagreement", "0.1", "--chart")
    for name, begins in (("a.md", b"```mermaid"), ("a.svg", b"<?xml"), ("a.png", b"\x89PNG")):
        told(files, *said, name)
        assert (files.folder / name).read_bytes().startswith(begins)
    first = (files.folder / "a.svg").read_bytes()
    told(files, *said, "a.svg")
    assert (files.folder / "a.svg").read_bytes() == first
    assert "not a kind of chart" in refused(files, *said, "a.pdf")
    assert "cannot be written" in refused(files, *said, "nowhere/a.md")
    assert "a picture shows one rule" in refused(files, *said, "a.svg", "--rule", "accuracy >= baseline - 0.1")
    assert "nothing to draw" in refused(files, "plan", "--rule", "latency <= 3", "--chart", "a.md")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["plan"], "no mlops.yaml here"),
        (["plan", "--rule", "nonsense"], "not a rule"),
        (["plan", *LEAST, "--disagreement", "2"], "2 is no disagreement"),
        (["plan", *LEAST, "--disagreement", "nan"], "nan is no disagreement"),
        (["plan", *LEAST, "--power", "1"], "the power must be"),
        (["plan", *LEAST, "--confidence", "0.2"], "the confidence must be"),
        (["plan", *LEAST, "--candidate", "new.csv", "--baseline", "none.csv"], "none.csv"),
        (["plan", *LEAST, "--candidate", "new.csv", "--baseline", "other.csv"], "not about the same rows"),
        (["explain", "--candidate", "new.csv"], "there are no rules"),
        (["explain", "--rule", "accuracy > 0.5"], "there is nothing to judge"),
        (["explain", "v1", "--run", "x"], "explain one thing at a time"),
        (["--rule", "accuracy > 0.5", "plan"], "--rule stands before plan"),
    ],
)
def test_wrong_calls_are_usage_errors_in_one_line(files: Lab, arguments: list[str], says: str) -> None:
    predictions(files.folder / "other.csv", 0.9, seed=4, rows=900)
    assert says in refused(files, *arguments)


def test_a_backtest_says_what_was_and_would_be_decided(story: Lab) -> None:
    before = tree_bytes(story.workspace)
    versions = told(story, "backtest", "--json").json["versions"]
    assert [(one["version"], one["champion"], one["then"], one["promoted"], one["now"]) for one in versions] == [
        (1, None, "pass", True, "pass"),
        (2, 1, "pass", True, "pass"),
        (3, 2, "fail", False, "fail"),
    ]
    assert tree_bytes(story.workspace) == before


def test_a_backtest_of_other_rules(story: Lab) -> None:
    strict = told(story, "backtest", "--rule", "accuracy >= baseline + 0.3")
    assert "1 of 2 promoted would have been held: v2" in strict.out
    mild = told(story, "backtest", "--rule", "accuracy >= baseline - 0.5", "--last", "2")
    assert "1 of 1 held back would have passed: v3" in mild.out and " v1 " not in mild.out
    absent = told(story, "backtest", "--rule", "accuracy > @anchor")
    assert "3 of 3 cannot be judged: v1, v2, v3" in absent.out
    assert "the confidence must be" in refused(story, "backtest", "--confidence", "2")
    assert "not a rule" in refused(story, "backtest", "--rule", "better")


def test_a_version_without_predictions_says_so(story: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "coin"
    shutil.copytree(story.folder, folder, symlinks=True)
    lab = Lab.existing(folder)
    lab.write("elsewhere.txt", "a model")
    done = lab.run("register", "--model", "coin", "--file", "elsewhere.txt", "--host", "local")
    assert done.code == 0, done.err
    [version] = told(lab, "backtest", "--last", "1", "--json").json["versions"]
    assert (version["now"], version["why"]) == (None, "candidate v4 was never evaluated")
    assert "was never evaluated" in refused(lab, "explain", "v4")


def test_an_explanation_of_two_files(files: Lab, golden: Golden) -> None:
    both = ("--candidate", "new.csv", "--baseline", "old.csv")
    rules = ("--rule", "accuracy > baseline", "--rule", "roc_auc >= 0.8", "--rule", "accuracy >= baseline + 0.15")
    golden("gate-explain.txt", told(files, "explain", *both, *rules).out)


def test_an_explanation_of_a_version_is_of_what_was_recorded(story: Lab) -> None:
    before = tree_bytes(story.workspace)
    newest = told(story, "explain", "--json").json
    assert (newest["candidate"]["version"], newest["outcome"], newest["recorded"]) == (3, "fail", True)
    accuracy = newest["rules"][0]
    assert accuracy["quantity"] == "candidate − baseline" and accuracy["standard_error"] > 0
    assert accuracy["lower"] < accuracy["estimate"] < accuracy["upper"] < 0 == accuracy["bound"]
    changed = newest["changed"]
    assert changed["right"] == 0 and changed["wrong"] > 50 and len(changed["newly_wrong"]) == 10
    assert all(row["row"].startswith("r") and row["target"] == row["baseline"] for row in changed["newly_wrong"])
    promoted = told(story, "explain", "coin@v2", "--show", "target", "--json").json
    assert promoted["baseline"]["version"] == 1 and promoted["changed"]["newly_right"][0]["columns"].keys() == {
        "target"
    }
    assert told(story, "explain", "champion", "--json").json["candidate"]["version"] == 2
    assert "one of coin" in refused(story, "explain", "other@v2")
    assert "no version 9" in refused(story, "explain", "v9")
    said = refused(story, "explain", "v2", "--show", "target", "--show", "nope")
    assert "no column 'nope'; the predictions of v2; its columns are: id, target, prediction" in said
    assert tree_bytes(story.workspace) == before


def test_an_explanation_of_runs(story: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "coin"
    shutil.copytree(story.folder, folder, symlinks=True)
    lab = Lab.existing(folder)
    by_version = {version["version"]: version["run"] for version in lab.run("models", "list", "--json").json}
    assert told(lab, "explain", "--run", by_version[2], "--json").json["candidate"]["version"] == 2
    lab.git("checkout", "--quiet", "-b", "idea")
    lab.skill(0.75)
    lab.commit("an idea")
    run = lab.ci()["run"]
    found = told(lab, "explain", "--run", run, "--json").json
    assert (found["outcome"], found["recorded"], found["baseline"]["version"]) == ("fail", True, 2)
    assert found["changed"]["wrong"] > 0 and found["rules"][0]["standard_error"] > 0
    lab.edit("mlops.yaml", "accuracy > baseline", "accuracy >= 0.1")
    changed = told(lab, "explain", "--run", run, "--json").json
    assert "the rules have changed since" in changed["notes"][0] and changed["rules"][0]["standard_error"] is None
    assert "no run" in refused(lab, "explain", "--run", "20260101T000000000-00000000")


def test_hostile_ids_and_slices_stay_text(files: Lab) -> None:
    for name in ("old.csv", "new.csv"):
        lines = (files.folder / name).read_text().splitlines()
        rows = [f"{HOSTILE}{line},{HOSTILE}" for line in lines[1:]]
        (files.folder / name).write_text("\n".join([f"{lines[0]},place", *rows]) + "\n")
    both = ("--candidate", "new.csv", "--baseline", "old.csv", "--rule", "accuracy > baseline")
    out = told(files, "explain", *both, "--show", "place").out
    assert "newly wrong" in out and "\x1b" not in out and "\u202e" not in out
    assert not any(line.strip().startswith("::") for line in out.splitlines())
