"""What ``ci`` prints, and the reports afterwards."""

from __future__ import annotations

import json
import subprocess

import jsonschema

from mlops_ci.resources import resource
from tests.support.lab import MLOPS_CI, Lab, clean_environment


def test_the_json_of_ci_fits_its_schema(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    lab.skill(0.8)
    lab.commit()
    result = lab.ci()
    result.pop("code")
    jsonschema.validate(result, json.loads(resource("schemas", "ci-result.schema.json").read_text()))
    assert result.keys() == {"outcome", "model", "version", "run", "verdict"}


def test_a_run_fits_its_schema(lab_with_champion: Lab) -> None:
    [run] = lab_with_champion.run("runs", "list", "--json").json
    jsonschema.validate(run, json.loads(resource("schemas", "run.schema.json").read_text()))


def test_a_run_tells_everything_needed_to_do_it_again(lab_with_champion: Lab) -> None:
    [run] = lab_with_champion.run("runs", "list", "--json").json
    assert run["commit"]["sha"] == lab_with_champion.git("rev-parse", "HEAD")
    assert run["commit"]["branch"] == "main"
    assert run["commit"]["message"] == "first"
    assert run["params"] == {"train": {"skill": 0.6, "seed": 0}, "other": 1}
    dataset = run["datasets"]["rows"]
    assert dataset["profile"]["rows"] == 400
    assert [column["name"] for column in dataset["profile"]["columns"]] == ["id", "target"]
    assert run["metrics"].keys() >= {"accuracy", "f1", "size"}
    assert run["evaluation"]["rows"] == 400
    assert run["signature"]["outputs"] == [{"name": "prediction", "type": "Int64"}]
    assert run["machine"]["processors"] >= 1
    assert run["host"]["host"] == "local"


def test_the_markdown_of_a_run_can_be_written_and_shown_again(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    lab.skill(0.8)
    lab.commit()
    result = lab.ci("--markdown", "report.md")
    written = (lab.folder / "report.md").read_text()
    assert written.startswith("### coin: v2 promoted\n")
    assert lab.run("report", result["run"], "--format", "markdown").out == written
    assert lab.run("report", "--format", "json").json["run"] == result["run"]


def test_the_page_of_a_refused_run_is_written_and_can_be_had_again(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    lab.skill(0.3)
    lab.commit()
    result = lab.ci("--html", "report.html")
    page = (lab.folder / "report.html").read_text("utf-8")
    assert result["code"] == 1 and result["outcome"] == "refused"
    assert lab.run("report", result["run"], "--format", "html", "--output", "again.html").out == "again.html\n"
    assert (lab.folder / "again.html").read_text("utf-8") == page
    assert "Confusion, candidate" in page and "Confusion, v1" in page and "newly wrong" in page
    details = lab.run("report", "--format", "json").json["details"]
    assert details["needs"] == {"train": [], "evaluate": ["train"]}
    wrong, right = details["changed"]["wrong"], details["changed"]["right"]
    verdict = result["verdict"]["disagreement"]
    assert (wrong, right) == (verdict["newly_wrong"], verdict["newly_right"]) and wrong > right
    assert lab.run("report", "--format", "html", "--output", "no/such/folder.html").code == 2


def test_the_report_of_a_run_without_predictions_is_a_page_too(lab: Lab) -> None:
    lab.edit("mlops.yaml", "  task: binary\n  predictions: {path: build/predictions.csv}\n", "")
    lab.edit("mlops.yaml", "    - accuracy > baseline\n", "")
    lab.commit()
    assert lab.ci()["outcome"] == "promoted"
    page = lab.run("report", "--format", "html").out
    assert page.startswith("<!doctype html>") and "<figure>" not in page and "Pipeline" in page


def test_a_run_that_left_no_report_says_why(lab: Lab) -> None:
    lab.edit("train.py", "import", "raise SystemExit('no | \\u202e data')\nimport")
    lab.commit()
    failed = lab.run("ci")
    assert failed.code == 2 and "\u202e" not in failed.err
    [run] = lab.run("runs", "list", "--json").json
    assert f"there is no report of coin yet; {lab.workspace.as_posix()}; the last run failed" in lab.run("report").err
    assert f"the run failed, and left no report; {run['id']}; mlops-ci runs show" in lab.run("report", run["id"]).err


def test_the_newest_report_is_that_of_the_projects_model_and_a_newer_failure_is_told(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    (own,) = lab.run("runs", "list", "--json").json
    lab.write("other.yaml", (lab.folder / "mlops.yaml").read_text().replace("name: coin", "name: dice"))
    lab.edit("train.py", "import", "import os\nif os.path.exists('fail'): raise SystemExit(1)\nimport")
    lab.commit("another model")
    assert lab.ci("--project", "other.yaml")["outcome"] == "promoted"
    told = lab.run("report", "--format", "json")
    assert (told.json["model"], told.json["run"], told.err) == ("coin", own["id"], "")
    assert lab.run("report", "--project", "other.yaml", "--format", "json").json["model"] == "dice"
    lab.edit("train.py", "os.path.exists('fail')", "True")
    lab.commit("broken")
    assert lab.run("ci").code == 2
    told, newest = lab.run("report", "--format", "json"), lab.run("runs", "list", "--json").json[0]["id"]
    assert told.json["run"] == own["id"]
    assert told.err == f"note: a newer run failed: see mlops-ci runs show {newest}\n"
    assert lab.run("report", own["id"]).err == ""


def test_a_run_that_was_not_of_ci_leaves_no_report(lab: Lab) -> None:
    assert lab.run("run").code == 0
    [run] = lab.run("runs", "list", "--json").json
    assert "only ci leaves a report" in lab.run("report", run["id"]).err


def test_quiet_prints_the_report_only(lab: Lab) -> None:
    done = lab.run("ci", "--quiet")
    assert done.out.startswith("coin: v1 promoted\n")
    assert done.err == ""


def test_with_json_nothing_else_is_on_stdout(lab: Lab) -> None:
    done = lab.run("ci", "--json")
    assert json.loads(done.out)["outcome"] == "promoted"
    assert "train | runs: never run before" in done.err


def test_a_reader_that_goes_away_never_looks_like_a_refusal(lab_with_champion: Lab) -> None:
    command = f"{' '.join(MLOPS_CI)} models history coin | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=lab_with_champion.folder, env=clean_environment(), capture_output=True, check=False
    )
    assert done.returncode in {0, 141}
    assert done.stderr == b""


def test_what_changed_names_the_project_file_and_the_dirt(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    lab.edit("mlops.yaml", "run: python train.py", "run: python -O train.py")
    lab.commit()
    lab.skill(0.8)
    lab.write("train.py", (lab.folder / "train.py").read_text() + "# dirt\n")
    report = lab.run("ci", "--quiet").out
    assert "files:   mlops.yaml, train.py" in report or "files: mlops.yaml, train.py" in " ".join(report.split())


def test_a_step_that_prints_to_a_closed_pipe_is_finished_and_promoted(lab: Lab) -> None:
    command = f"{' '.join(MLOPS_CI)} ci --host local | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=lab.folder, env=clean_environment(), capture_output=True)
    assert done.returncode in {0, 141}
    assert lab.champion() == 1
