"""What differs between two runs or versions, from records alone."""

from __future__ import annotations

from dataclasses import replace

from mlops_ci.lineage.difference import Recorded, difference
from mlops_ci.lineage.package_difference import package_changes
from mlops_ci.lineage.rule_difference import rule_changes
from mlops_ci.records.dataset import ColumnProfile, DatasetProfile, DatasetVersion
from mlops_ci.records.difference import Change, Difference, FileChange, MetricChange
from mlops_ci.records.environment import CondaLock, EnvironmentLock
from mlops_ci.records.verdict import RuleResult, Verdict
from mlops_ci.report.difference import render_difference
from tests.conftest import Golden
from tests.lineage.stories import commit
from tests.report.reports import BETTER, FLOOR, PASSED, SLICES, verdict


def lock(text: str, digest: str = "a", *, kind: str = "pip", python: str = "3.11") -> EnvironmentLock:
    assert kind in {"pip", "conda", "interpreter"}
    return EnvironmentLock(kind, python, "linux", digest, text)  # type: ignore[arg-type]  # as asserted


def conda(*files: str, pip: str = "") -> str:
    listed = "packages:\n" + "".join(f"- conda: https://example.org/{file}\n" for file in files)
    return CondaLock(listed, pip).text


def test_packages_of_pip_come_go_and_change() -> None:
    before = "rich==13.0 \\\n    --hash=sha256:" + "0" * 64 + "\nScikit_Learn==1.5.2\nold==1\n"
    after = "rich==13.0 \\\n    --hash=sha256:" + "1" * 64 + "\nscikit-learn==1.6.0\nnew==2\n"
    assert package_changes(lock(before), lock(after, python="3.12")) == (
        Change("python", "3.11", "3.12"),
        Change("new", None, "2"),
        Change("old", "1", None),
        Change("scikit-learn", "1.5.2", "1.6.0"),
    )


def test_packages_of_conda_also_differ_by_their_build() -> None:
    before = conda("linux-64/numpy-2.0-py311_0.conda", "linux-64/python-3.11.2-h1_0.conda", pip="rich==1\n")
    after = conda("linux-64/numpy-2.0-py311_1.conda", "linux-64/python-3.12.0-h1_0.conda", pip="rich==2\n")
    assert package_changes(lock(before, kind="conda"), lock(after, kind="conda", python="3.12")) == (
        Change("python", "3.11", "3.12"),
        Change("numpy", "2.0 py311_0", "2.0 py311_1"),
        Change("rich", "1", "2"),
    )


def test_another_kind_of_environment_is_told() -> None:
    after = lock(conda("linux-64/zlib-1-h1_0.conda", pip="rich==1\n"), kind="conda")
    changes = package_changes(lock("rich==1\n", kind="interpreter"), after)
    assert changes == (Change("environment", "interpreter", "conda"), Change("zlib", None, "1"))


def test_a_lock_that_cannot_be_read_is_noted() -> None:
    sides = Recorded("v1", environment="a", lock=lock("rich==1\n")), Recorded("v2", lock=lock("{", "b", kind="conda"))
    found = difference(*sides, commits=(), files=())
    assert found.packages is None
    assert any("the conda lock cannot be read" in note for note in found.notes)


def test_locks_that_differ_in_files_alone_are_noted() -> None:
    old, new = lock("rich==1\n"), lock("rich==1 --hash=sha256:" + "0" * 64, digest="b")
    sides = Recorded("v1", environment="a", lock=old), Recorded("v2", environment="b", lock=new)
    found = difference(*sides, commits=(), files=())
    assert found.packages == ()
    assert any("locks differ" in note for note in found.notes)


def test_an_environment_that_is_not_on_record_is_not_called_the_same() -> None:
    sides = Recorded("v1", environment="a"), Recorded("v2", environment="b", lock=lock("", "b"))
    found = difference(*sides, commits=None, files=None)
    assert found.packages is None
    assert "the environment of v1 is not on record" in found.notes
    same = difference(Recorded("v1", environment="a"), Recorded("v2", environment="a"), commits=(), files=())
    assert same.packages == ()
    assert difference(Recorded("v1"), Recorded("v2"), commits=(), files=()).packages is None


def judged(digest: str, *results: RuleResult) -> Verdict:
    return replace(verdict("pass", "", *results), rules_digest=digest)


def test_a_rule_that_was_loosened_is_told_beside_what_it_was() -> None:
    looser = replace(FLOOR, rule="accuracy >= 0.7")
    after = replace(judged("b", BETTER, looser), confidence=0.9)
    assert rule_changes("v1", judged("a", BETTER, FLOOR), "v2", after) == (
        (Change("accuracy", "accuracy >= 0.8", "accuracy >= 0.7"), Change("confidence", "0.95", "0.9")),
        (),
    )


def test_slices_of_a_rule_are_one_rule_and_alternatives_too() -> None:
    one, other = replace(BETTER, any=0, alternative=0), replace(FLOOR, any=0, alternative=1)
    assert rule_changes("v1", judged("a"), "v2", judged("b", *SLICES, one, other))[0] == (
        Change("accuracy", None, "accuracy >= baseline - 0.02 per carrier"),
        Change("accuracy", None, "accuracy > baseline or accuracy >= 0.8"),
    )


def test_a_rule_that_was_skipped_is_the_same_as_later_slice_by_slice() -> None:
    skipped = replace(SLICES[0], slice=None, outcome="skipped")
    changes, notes = rule_changes("v1", judged("a", skipped), "v2", judged("b", *SLICES))
    assert changes == ()
    assert "min_rows" in notes[0]


def test_rules_that_nobody_was_judged_by_are_not_known() -> None:
    assert rule_changes("v1", None, "v2", PASSED) == (None, ("no rules are on record of v1",))


def data(rows: int, *columns: str) -> DatasetVersion:
    profile = DatasetProfile(rows, tuple(ColumnProfile(name, "Int64", 0) for name in columns))
    return DatasetVersion("flights.csv", f"sha256:{rows}", rows, 1, profile)


MUCH = difference(
    Recorded(
        "flight-delay v12",
        params={"depth": "6", "eta": "0.1"},
        metrics={"accuracy": 0.83, "auc": None, "loss": 0.3},
        datasets={"flights": data(18_240, "hour"), "weather": data(7)},
        environment="a",
        lock=lock("scikit-learn==1.5.2\nrich==1\n"),
        verdict=judged("a", BETTER, FLOOR),
    ),
    Recorded(
        "flight-delay v13",
        params={"depth": "8", "eta": "0.1"},
        metrics={"accuracy": 0.84, "auc": 0.9, "loss": 0.3},
        datasets={"flights": data(19_004, "hour", "inbound_delay_min"), "weather": data(7)},
        environment="b",
        lock=lock("scikit-learn==1.6.0\nrich==1\n", "b"),
        verdict=judged("b", BETTER, replace(FLOOR, rule="accuracy >= 0.85")),
    ),
    commits=(commit(3), commit(2)),
    without=(commit(4),),
    files=(FileChange("features.py", "modified"), FileChange("b.py", "renamed", old="a.py")),
    notes=("flight-delay v12: the record of its run is not kept any more",),
)


def test_only_what_differs_is_in_a_difference() -> None:
    assert MUCH.params == (Change("depth", "6", "8"),)
    assert MUCH.metrics == (MetricChange("accuracy", 0.83, 0.84), MetricChange("auc", None, 0.9))
    assert [change.name for change in MUCH.datasets or ()] == ["flights"]
    assert MUCH.packages == (Change("scikit-learn", "1.5.2", "1.6.0"),)
    same = Recorded("v1", params={"a": "1"}, environment="e", verdict=PASSED)
    assert difference(same, replace(same, name="v2"), commits=(), files=()) == Difference("v1", "v2")


def test_a_difference_on_a_terminal(golden: Golden) -> None:
    text = render_difference(MUCH, width=80, colour=False)
    golden("difference.txt", text)
    assert max(map(len, text.splitlines())) <= 80
