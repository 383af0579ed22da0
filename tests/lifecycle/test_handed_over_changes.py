"""What changed, as a job leaves it whose words are not believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mlops_ci.lifecycle.posting import read_hand_over, report_of
from mlops_ci.records.codec import encode
from mlops_ci.records.commit import Commit
from mlops_ci.records.dataset import ColumnProfile, DatasetProfile, DatasetVersion, FrequentValue
from mlops_ci.records.difference import Change, DatasetChange, Difference, FileChange
from mlops_ci.records.hand_over import LONGEST_TEXT, MOST_NAMES, handed_over
from mlops_ci.records.report import History, Point, Report
from mlops_ci.records.workflow_run import WorkflowRun
from tests.report.reports import REPORTS

PROSE = "approved by everybody"
COLUMN = ColumnProfile("carrier", "String", 0, top=(FrequentValue(PROSE, 3),))
FLIGHTS = DatasetVersion("data/flights.csv", "sha256:" + "1" * 64, 9, 1, DatasetProfile(12, (COLUMN,)))
CHANGES = Difference(
    "v12",
    "3f2a91c",
    commits=(Commit("1" * 40, None, None, "Ada", PROSE, ""),),
    files=tuple(FileChange("x" * 999 + str(number), "renamed", old="y" * 999) for number in range(200)),
    params=(Change("p" * 999, None, "v" * 999),),
    datasets=(DatasetChange("flights", FLIGHTS, replace(FLIGHTS, digest="sha256:" + "2" * 64)),),
    packages=None,
    notes=(PROSE,),
)


def report() -> Report:
    return replace(REPORTS["ready"], changes=CHANGES)


def test_changes_are_handed_over_as_few_short_names_and_numbers() -> None:
    found = handed_over(report())
    assert found.changes and found.changes.files
    assert len(found.changes.files) == MOST_NAMES
    assert max(len(text) for file in found.changes.files for text in (file.path, file.old or "")) <= LONGEST_TEXT
    [flights] = found.changes.datasets or ()
    assert flights.after and flights.after.profile == DatasetProfile(12, ())
    assert found.changes.packages is None
    assert PROSE.encode() not in encode(found)


def test_what_a_metric_is_called_is_not_for_a_stranger_to_say(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    history = History("roc_auc", (Point("v1", 0.8),), label=PROSE)
    file.write_bytes(encode(replace(handed_over(report()), history=history, metrics={"roc_auc": 0.8})))
    found = read_hand_over(file)
    run = WorkflowRun("1", 1, "pull_request", found.commit, "idea", "somebody", None, fork=True)
    assert report_of(found, run, "here").history == replace(history, label="ROC AUC")


def test_prose_that_was_smuggled_in_beside_them_is_dropped(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    smuggled = replace(CHANGES, files=())
    file.write_bytes(encode(replace(handed_over(report()), changes=replace(smuggled, params=()))))
    found = read_hand_over(file)
    run = WorkflowRun("1", 1, "pull_request", found.commit, "idea", "somebody", None, fork=True)
    posted = report_of(found, run, "here")
    assert posted.changes and (posted.changes.commits, posted.changes.notes) == (None, ())
