"""``runs diff``, ``models diff|lineage|why|history``: what happened, from the command line."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mlops_ci.resources import resource
from tests.support.lab import Lab


@pytest.fixture(scope="module")
def past(_champion_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A workspace with a champion, a better one on a branch that was merged, and a worse one; and a model from afar."""
    folder = tmp_path_factory.mktemp("past") / "coin"
    shutil.copytree(_champion_template, folder, symlinks=True)
    lab = Lab.existing(folder)
    lab.skill(0.8)
    lab.git("mv", "README.md", "ABOUT.md")
    lab.edit("train.py", "trained to", "has trained to")
    lab.commit("Train for longer")
    lab.ci()
    lab.skill(0.5)
    lab.commit("worse")
    lab.ci()
    lab.write("a.bin", "model a")
    assert lab.run("register", "--model", "fraud", "--file", "a.bin").code == 0
    return lab


def schema(name: str) -> Any:
    return json.loads(resource("schemas", f"{name}.schema.json").read_text())


def test_two_versions_differ_in_code_params_and_metrics(past: Lab) -> None:
    found = past.run("models", "diff", "coin@v1", "v2", "--json").json
    jsonschema.validate(found, schema("difference"))
    assert [commit["message"] for commit in found["commits"]] == ["Train for longer"]
    files = {file["path"]: (file["status"], file["old"]) for file in found["files"]}
    assert files == {
        "ABOUT.md": ("renamed", "README.md"), "params.yaml": ("modified", None), "train.py": ("modified", None)
    }  # fmt: skip
    assert found["params"] == [{"name": "train.skill", "before": "0.6", "after": "0.8"}]
    assert [found[name] for name in ("without", "datasets", "packages", "rules", "notes")] == [[]] * 5
    assert {"accuracy", "f1"} <= {change["name"] for change in found["metrics"]}
    shown = past.run("models", "diff", "champion", "v1", env={"COLUMNS": "80"}).out
    assert "without the commits" in shown and "Train for longer" in shown, "it goes back"
    assert "coin v2 → coin v1" in shown and "train.skill 0.8 → 0.6" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_runs_differ_as_the_versions_that_they_made(past: Lab) -> None:
    runs = past.run("runs", "list", "--model", "coin", "--status", "succeeded", "--branch", "main", "--json").json
    newest, _, oldest = (run["id"] for run in runs)
    found = past.run("runs", "diff", oldest, newest, "--json").json
    assert [change["name"] for change in found["params"]] == ["train.skill"]
    assert found["rules"] == []
    assert len(past.run("runs", "diff", oldest, "coin@v3", "--json").json["commits"]) == 2
    assert past.run("runs", "list", "--branch", "elsewhere").out == "no runs\n"
    assert past.run("runs", "list", "--model", "coin", "--limit", "1", "--json").json[0]["id"] == newest


def test_a_failed_run_is_a_line_of_the_list_and_its_log_is_shown_below(lab: Lab) -> None:
    lab.write("train.py", "print('no luck')\nraise SystemExit(7)\n")
    lab.commit("it fails")
    assert lab.run("run").code == 2
    [_, listed] = lab.run("runs", "list", env={"COLUMNS": "120"}).out.splitlines()
    assert listed.endswith("failed: step train failed with exit code 7")
    [run] = lab.run("runs", "list", "--json").json
    shown = lab.run("runs", "show", run["id"]).out
    assert shown.splitlines()[0].endswith("failed, step train failed with exit code 7; its log is below")
    assert "  | no luck" in shown


def test_on_a_narrow_terminal_what_is_cut_has_a_sign(past: Lab) -> None:
    shown = past.run("models", "list", "--model", "coin", env={"COLUMNS": "40"}).out
    assert max(map(len, shown.splitlines())) <= 40
    assert re.search(r"^coin +v1 +[0-9a-f]+… +20[0-9-]+… ", shown, re.MULTILINE)
    assert "accu" in shown, "the last column has room, too"


def test_a_run_shows_params_host_decision_and_files(past: Lab) -> None:
    [run] = past.run("runs", "list", "--limit", "1", "--json").json
    shown = past.run("runs", "show", run["id"]).out
    for line in ("run outside CI, by ", "refused: ", "param train.skill: 0.5", "file build/model.txt: "):
        assert any(one.startswith(line) for one in shown.splitlines()), line


def test_models_of_two_kinds_can_be_compared_as_far_as_they_are_known(past: Lab) -> None:
    found = past.run("models", "diff", "coin@v1", "fraud@v1", "--json").json
    assert (found["commits"], found["files"], found["packages"], found["rules"]) == (None, None, None, None)
    assert any("the commit of fraud v1 was not stated" in note for note in found["notes"])
    assert (found["params"], found["datasets"]) == (None, None)
    assert "the params of fraud v1 are not on record" in found["notes"]


def test_where_a_version_comes_from(past: Lab) -> None:
    found = past.run("models", "lineage", "coin@champion", "--json").json
    jsonschema.validate(found, schema("lineage"))
    assert found["dirty"] is False
    train = found["steps"][0]
    assert train["reads"]["files"].keys() == {"train.py"}
    assert (train["reads"]["datasets"], train["reads"]["params"]["train.skill"]) == (["rows"], "0.8")
    assert [(use["name"], use["rows"]) for use in found["datasets"]] == [("rows", 400)]
    assert found["software"]["packages"] > 10
    assert [(held["alias"], held["until"]) for held in found["holdings"]] == [("champion", None)]
    assert past.run("models", "lineage", "coin@v2").out.startswith("coin v2\n")
    assert past.run("models", "lineage", "coin@v2", "--format", "mermaid").out.startswith("```mermaid\nflowchart")


def test_why_a_version_is_what_it_is(past: Lab) -> None:
    text = " ".join(past.run("models", "why", "coin@v2", env={"COLUMNS": "80"}).out.split())
    for part in ("“Train for longer” by tester", "rows (400 rows,", "against champion v1", "became champion"):
        assert part in text
    found = past.run("models", "why", "coin@v3", "--json").json
    jsonschema.validate(found, schema("why"))
    assert "refused it, as 1 of 2 rules fails" in found["text"]
    assert found["facts"]["judged"][0]["verdict"]["outcome"] == "fail"


def test_a_metric_over_all_versions(past: Lab) -> None:
    shown = past.run("models", "history", "coin", "--metric", "accuracy").out.splitlines()
    assert [line.split()[0] for line in shown[2:]] == ["v1", "v2", "v3"]
    assert (shown[2].endswith("was champion"), shown[3].endswith("  champion")) == (True, True)
    points = past.run("models", "history", "coin", "--metric", "accuracy", "--json").json
    for point in points:
        jsonschema.validate(point, schema("version-metric"))
    assert [point["held"] for point in points] == [["champion"], ["champion"], []]


NO_RUN = "20260101T000000000-00000000"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("models", "diff", "coin@v1", "coin@v9"), 2, "no version 9"),
        (("models", "diff", "coin@v1", "nobody"), 2, "no alias 'nobody'"),
        (("models", "diff", "coin@v1", "fraud@v7"), 2, "no version 7"),
        (("models", "diff", "coin@v1", NO_RUN), 2, f"no run {NO_RUN}"),
        (("models", "why", "coin@v9"), 2, "no version 9"),
        (("models", "why", "nothing@v1"), 2, "unknown model 'nothing'"),
        (("models", "why", "coin"), 2, "not a reference"),
        (("models", "lineage", "coin@" + "f" * 40), 2, "no version of commit"),
        (("models", "history", "coin", "--metric", "acuracy"), 2, "its metrics: accuracy, "),
        (("runs", "diff", "v1", "coin@v1"), 2, "not the name of a run"),
        (("runs", "diff", NO_RUN, "coin@v1"), 2, f"no run {NO_RUN}"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_is_not_there_is_named_in_one_line(past: Lab, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = past.run(*arguments)
    assert (done.code, len(done.err.splitlines()), said in done.err) == (code, 1, True), done.err


def test_a_shallow_clone_without_an_origin_is_told_of_in_one_note(past: Lab, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    past.git("clone", "--quiet", "--depth=1", past.folder.as_uri(), str(clone))
    past.git("-C", str(clone), "remote", "remove", "origin")
    asked = ("models", "diff", "v1", "v2", "--json", "--project", str(clone), "--workspace", str(past.workspace))
    found = past.run(*asked).json
    assert (found["commits"], found["files"]) == (None, None)
    (note,) = found["notes"]
    assert note.startswith("the shallow clone does not reach far enough to compare two commits; ")


@pytest.mark.parametrize("verb", ["show", "why", "lineage", "card"])
def test_the_model_of_the_project_need_not_be_named(past: Lab, verb: str) -> None:
    for short in ("v2", "champion"):
        assert past.run("models", verb, short).out == past.run("models", verb, f"coin@{short}").out != ""
    assert "no version 9; coin@v9" in past.run("models", verb, "v9").err


def test_a_short_reference_without_a_project_is_told_to_name_its_model(past: Lab, tmp_path: Path) -> None:
    done = past.run("models", "diff", "v1", "v2", "--project", str(tmp_path), "--workspace", str(past.workspace))
    assert (done.code, "names no model" in done.err) == (2, True)


def test_a_damaged_record_is_refused_alone_and_noted_beside_its_version(past: Lab, tmp_path: Path) -> None:
    lab = _copied(past, tmp_path)
    version = lab.run("models", "show", "coin@v2", "--json").json
    [record] = lab.workspace.rglob(f"{version['run']}/run.json")
    record.write_text("{")
    done = lab.run("runs", "diff", version["run"], "coin@v1")
    assert (done.code, len(done.err.splitlines()), version["run"] in done.err) == (5, 1, True)
    found = lab.run("models", "diff", "coin@v1", "coin@v2", "--json").json
    assert [change["name"] for change in found["params"]] == ["train.skill"]
    assert any("is damaged" in note for note in found["notes"])
    record.unlink()
    assert "is not kept any more" in " ".join(lab.run("models", "why", "coin@v2").out.split())


def _copied(past: Lab, folder: Path) -> Lab:
    shutil.copytree(past.folder, folder / "coin", symlinks=True)
    return Lab.existing(folder / "coin")
