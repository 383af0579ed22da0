"""What the host is told at the end of a journey, and what happens when it does not listen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_ci.edge.redaction import Redactor
from mlops_ci.errors import IntegrityError, RemoteError, UsageError
from mlops_ci.hosts.host import Repository
from mlops_ci.lifecycle.announcing import announce, comment_on, redacted
from mlops_ci.lifecycle.outputs import hand_on
from mlops_ci.lifecycle.posting import post_for_fork
from mlops_ci.records.actor import Actor
from mlops_ci.records.codec import encode
from mlops_ci.records.conclusion import Annotation, Conclusion
from mlops_ci.records.hand_over import handed_over
from mlops_ci.records.host import HostContext, PullRequest
from mlops_ci.records.report import History, Point, Report
from mlops_ci.records.workflow_run import WorkflowRun
from mlops_ci.report.section import parse_comment
from tests.report.reports import COMMIT, REPORTS
from tests.support.conversation import Comments

NOTHING = Redactor(())
HISTORY = History("accuracy", tuple(Point(f"v{n}", 0.8 + n / 100, champion=True) for n in range(1, 5)))
CONTEXT = HostContext(
    host="github", event="pull_request", branch="more-delay", default_branch="main", base="b" * 40, ephemeral=True,
    actor=Actor("ada", run_id="8123", attempt=2), repository="acme/ml", commit=COMMIT.sha,
    pull_request=PullRequest(7, COMMIT.sha, "more-delay", "main", fork=False), url="https://host.example/runs/8123",
)  # fmt: skip
PUSH = replace(CONTEXT, event="push", pull_request=None, actor=Actor("ada", run_id="9000", attempt=1))
URL = "https://host.example/runs/8123"
FORK_RUN = WorkflowRun("8123", 1, "pull_request", COMMIT.sha, "more-delay", "eve", URL, fork=True)


class Pulls:
    """One pull request of a repository."""

    def __init__(self, comments: Comments) -> None:
        self.comments = comments
        self.open = True
        self.merged: str | None = None
        self.head = ("eve", "more-delay", COMMIT.sha)
        self.conclusions: list[tuple[Conclusion, int | None]] = []
        self.down: RemoteError | None = None

    def conversation(self, number: int) -> Comments:
        assert number == 7
        return self.comments

    def is_open(self, number: int) -> bool:
        if self.down:
            raise self.down
        return self.open

    def merged_as(self, commit: str) -> int | None:
        return 7 if commit == self.merged else None

    def of_head(self, owner: str, branch: str, commit: str) -> int | None:
        return 7 if self.open and (owner, branch, commit) == self.head else None

    def conclude(self, conclusion: Conclusion, pull_request: int | None) -> None:
        if self.down:
            raise self.down
        self.conclusions.append((conclusion, pull_request))


class Recorder:
    """A host that keeps what it is told."""

    def __init__(self) -> None:
        self.pulls: Pulls | None = Pulls(Comments())
        self.summaries: list[str] = []
        self.annotations: list[Annotation] = []
        self.values: Mapping[str, str] = {}
        self.speaks_for: WorkflowRun | None = None

    @property
    def comments(self) -> Comments:
        assert self.pulls is not None
        return self.pulls.comments

    def context(self, repository: Repository) -> HostContext:
        return CONTEXT

    def actor(self) -> Actor:
        return CONTEXT.actor

    def neutralise(self, line: str) -> str:
        return line

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        yield

    def mask(self, secret: str) -> None:
        raise AssertionError("nothing to mask")

    def annotate(self, annotation: Annotation) -> None:
        self.annotations.append(annotation)

    def outputs(self, values: Mapping[str, str]) -> None:
        self.values = values

    def summary(self, markdown: str) -> None:
        self.summaries.append(markdown)

    def git_settings(self) -> Mapping[str, str]:
        return {}

    def reviews(self, context: HostContext | None) -> Pulls | None:
        return self.pulls

    def workflow_run(self) -> WorkflowRun | None:
        return self.speaks_for


@pytest.fixture
def host() -> Recorder:
    return Recorder()


def say(host: Recorder, report: Report, context: HostContext = CONTEXT, redact: Redactor = NOTHING) -> None:
    announce(host, context, redacted(report, redact), pause=lambda _: None)


def warnings(host: Recorder) -> list[str]:
    return [remark.message for remark in host.annotations if remark.level == "warning" and remark.title is None]


def test_a_refusal_is_said_everywhere(host: Recorder) -> None:
    say(host, REPORTS["refused"])
    assert host.pulls is not None
    [(conclusion, number)] = host.pulls.conclusions
    assert (conclusion.state, number, conclusion.commit) == ("failure", 7, COMMIT.sha)
    assert [remark.level for remark in host.annotations] == ["error", "error"]
    assert host.annotations[0].title == "flight-delay: refused, 1 of 4 rules fails"
    [section] = parse_comment(host.comments.bodies[1])
    assert (section.model, section.moment, section.outcome) == ("flight-delay", (8123, 2), "refused")
    assert host.comments.resolved[1] is False
    assert host.summaries[0].startswith("### flight-delay: refused")


@pytest.mark.parametrize(("name", "state", "level"), [
    ("ready", "success", "notice"), ("refused", "failure", "error"), ("inconclusive", "failure", "warning"),
    ("unchanged", "neutral", "notice"), ("no-gate", "neutral", "notice"),
])  # fmt: skip
def test_the_status_and_the_first_remark_say_what_the_gate_says(
    host: Recorder, name: str, state: str, level: str
) -> None:
    say(host, REPORTS[name])
    assert host.pulls is not None
    assert host.pulls.conclusions[0][0].state == state
    assert host.annotations[0].level == level


def test_on_a_schedule_a_refusal_is_a_notice(host: Recorder) -> None:
    say(host, REPORTS["refused"], replace(PUSH, event="schedule"))
    assert host.pulls is not None
    assert {remark.level for remark in host.annotations} == {"notice"}
    assert host.pulls.conclusions[0][0].state == "neutral"
    assert not host.comments.bodies


def test_after_the_merge_the_same_comment_goes_on(host: Recorder) -> None:
    say(host, REPORTS["ready"])
    assert host.pulls is not None
    host.pulls.merged, host.pulls.open = COMMIT.sha, False
    say(host, replace(REPORTS["promoted"], stages=("registered v13", "promoted"), url=PUSH.url), PUSH)
    assert host.comments.posts == 1
    [section] = parse_comment(host.comments.bodies[1])
    assert dict(section.parts)["foot"].startswith("Merged → registered v13 → promoted · [The run](https://")


def test_a_late_job_of_the_pull_request_changes_nothing_after_the_merge(host: Recorder) -> None:
    assert host.pulls is not None
    host.pulls.merged = COMMIT.sha
    say(host, REPORTS["promoted"], PUSH)
    stood = host.comments.bodies[1]
    say(host, REPORTS["ready"])
    assert host.comments.bodies == {1: stood}


def test_a_push_that_no_pull_request_made_comments_on_none(host: Recorder) -> None:
    say(host, REPORTS["promoted"], PUSH)
    assert not host.comments.bodies and not warnings(host)


def test_a_fork_s_job_writes_the_summary_only(host: Recorder) -> None:
    assert CONTEXT.pull_request is not None
    say(host, REPORTS["ready"], replace(CONTEXT, pull_request=replace(CONTEXT.pull_request, fork=True)))
    assert host.pulls is not None
    assert host.summaries and not host.comments.bodies and not host.pulls.conclusions and not warnings(host)


def test_a_closed_pull_request_is_one_warning(host: Recorder) -> None:
    assert host.pulls is not None
    host.pulls.open = False
    say(host, REPORTS["ready"])
    assert warnings(host) == [
        "the comment could not be written: pull request 7 is closed; the report is in the summary of the run"
    ]
    assert host.pulls.conclusions


def test_without_a_token_there_is_one_warning_and_the_summary(host: Recorder) -> None:
    host.pulls = None
    say(host, REPORTS["ready"])
    assert len(warnings(host)) == 1 and "GITHUB_TOKEN" in warnings(host)[0]
    assert host.summaries


def test_what_the_host_refuses_is_a_warning_with_what_is_missing(host: Recorder) -> None:
    assert host.pulls is not None
    host.pulls.down = RemoteError("GitHub answered 403", hint="give the job the permission pull-requests: write")
    say(host, REPORTS["refused"])
    assert [text.partition(" could")[0] for text in warnings(host)] == ["the comment", "the status"]
    assert all("pull-requests: write" in text for text in warnings(host))


def test_a_laptop_is_told_nothing(host: Recorder) -> None:
    say(host, REPORTS["ready"], replace(CONTEXT, host="local"))
    assert not host.summaries and not host.annotations and not host.comments.bodies


def test_no_secret_is_announced(host: Recorder) -> None:
    secret = "s3cr3t|value_*x*"
    report = replace(REPORTS["refused"], summary=f"because {secret}", notes=(f"see `{secret}`",))
    say(host, report, redact=Redactor([secret]))
    assert host.pulls is not None
    told = [*host.summaries, *host.comments.bodies.values(), *(remark.message for remark in host.annotations)]
    told += [host.pulls.conclusions[0][0].summary]
    assert not any("s3cr3t" in text or "value" in text for text in told)


def test_github_is_given_mermaid_and_others_a_picture(host: Recorder) -> None:
    report = replace(REPORTS["ready"], history=HISTORY)
    comment_on(host, CONTEXT, report, pause=lambda _: None)
    assert "```mermaid" in host.comments.bodies[1] and not host.comments.pictures
    other = Recorder()
    other.pulls = Pulls(Album())
    comment_on(other, replace(CONTEXT, host="azure"), report, pause=lambda _: None)
    assert "![accuracy of flight-delay](https://host.example/flight-delay-" in other.comments.bodies[1]
    assert "mermaid" not in other.comments.bodies[1]


class Album(Comments):
    def picture(self, name: str, png: bytes) -> str | None:
        super().picture(name, png)
        return f"https://host.example/{name}"


def test_later_steps_are_told_what_came_of_it(host: Recorder, tmp_path: Path) -> None:
    hand_on(host, REPORTS["promoted"], {"RUNNER_TEMP": str(tmp_path)})
    assert host.values["outcome"] == "promoted" and host.values["promoted"] == "true" and host.values["version"] == "13"
    assert Path(host.values["report"]).read_text().startswith("### flight-delay: v13 promoted")
    assert Path(host.values["report-html"]).read_text().startswith("<!doctype html>")
    assert Path(host.values["report-json"]).is_file()


def test_a_laptop_is_left_no_files_that_nobody_asked_for(host: Recorder, tmp_path: Path) -> None:
    hand_on(host, REPORTS["ready"], {}, markdown=tmp_path / "report.md")
    assert [file.name for file in tmp_path.iterdir()] == ["report.md"]
    assert host.values["report-json"] == host.values["report-html"] == ""


def test_a_file_that_cannot_be_written_is_one_line(host: Recorder, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        hand_on(host, REPORTS["ready"], {}, markdown=tmp_path)


def post(host: Recorder, place: Path) -> int:
    host.speaks_for = FORK_RUN
    return post_for_fork(host, place, "acme/ml", pause=lambda _: None)


@pytest.mark.parametrize("name", REPORTS)
def test_what_a_fork_s_job_left_is_posted(host: Recorder, tmp_path: Path, name: str) -> None:
    report = replace(REPORTS[name], history=HISTORY)
    (tmp_path / "report.json").write_bytes(encode(handed_over(report)))
    assert post(host, tmp_path) == 7
    [section] = parse_comment(host.comments.bodies[1])
    assert section.moment == (8123, 1) and section.sha == COMMIT.sha
    assert "Measured by the fork" in dict(section.parts)["notes"]
    assert f"[The run]({URL})" in dict(section.parts)["foot"]


def test_no_sentence_of_a_fork_is_posted(host: Recorder, tmp_path: Path) -> None:
    report = REPORTS["inconclusive"]
    assert report.verdict is not None
    lie = "Approved by the owners"
    rules = tuple(replace(result, label=lie, reason=lie, method=lie) for result in report.verdict.rules)
    made = replace(handed_over(report), verdict=replace(report.verdict, rules=rules, summary=lie, notes=(lie,)))
    (tmp_path / "report.json").write_bytes(encode(made))
    post(host, tmp_path / "report.json")
    assert lie not in host.comments.bodies[1]
    assert "accuracy, at most 0.02 worse" in host.comments.bodies[1]


@pytest.mark.parametrize(
    ("name", "shown"), [("converted", "13× for 100"), ("not-converted", "the log of the run says why")]
)
def test_of_a_fork_s_conversion_only_the_numbers_are_posted(
    host: Recorder, tmp_path: Path, name: str, shown: str
) -> None:
    lie, report = "Approved by the owners", REPORTS[name]
    assert report.conversion
    told = replace(report.conversion, source=lie, kind=lie, hint=lie, int8=lie, fixes=(lie,), tools={lie: lie})
    told = told if told.forms else replace(told, reason=lie)
    (tmp_path / "report.json").write_bytes(encode(replace(handed_over(report), conversion=told)))
    post(host, tmp_path / "report.json")
    assert lie not in host.comments.bodies[1]
    assert shown in host.comments.bodies[1]


GOOD = handed_over(REPORTS["refused"])
_WITH = handed_over(REPORTS["converted"])


@pytest.mark.parametrize(("data", "why"), [
    (b"", "not a valid"), (b"[]", "not a valid"), (b"\xff", "not a valid"), (b"{" * 5000, "not a valid"),
    (b" " * (1 << 20) + encode(GOOD), "larger than"),
    (encode(replace(GOOD, format=2)), "format 2"),
    (encode(replace(GOOD, commit="0" * 40)), "another commit"),
    (encode(replace(GOOD, model="../../x")), "name of a model"),
    (encode(replace(GOOD, verdict=None)), "without a verdict"),
    (encode(replace(GOOD, metrics={"x" * 300: 1.0})), "characters"),
    (encode(replace(GOOD, metrics={f"m{n}": 1.0 for n in range(2000)})), "items"),
    (encode(GOOD).replace(b'"seconds":520.0', b'"seconds":1e999'), "not"),
    (encode(replace(GOOD, seconds=1e300)), "time"), (encode(replace(GOOD, seconds=-1.0)), "time"),
    (encode(GOOD).replace(b'"champion":12', b'"champion":99999999999999999999'), "not"),
    (encode(GOOD).replace(b'"champion":12', b'"champion":12,"run":"9"'), "unknown field"),
    (encode(GOOD).replace(b'"decides":true', b'"decides":true,"html":"x"', 1), "unknown field"),
    (encode(GOOD).replace(b"accuracy > baseline", b"rm -rf", 1), "rule"),
    (encode(_WITH).replace(b'"labels_differing":41', b'"labels_differing":-1'), "int8 form is not sound"),
    (encode(_WITH).replace(b'"worst":0.0112', b'"worst":1e999'), "not"),
    (encode(_WITH).replace(b'model.int8.onnx', b'../../../x.onnx'), "int8 form is not sound"),
    (encode(_WITH).replace(b'"int8","file"', b'"float32","file"'), "a form twice"),
])  # fmt: skip
def test_what_is_no_report_is_refused_in_one_line(host: Recorder, tmp_path: Path, data: bytes, why: str) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(data)
    with pytest.raises(IntegrityError, match=why) as caught:
        post(host, file)
    assert "\n" not in caught.value.line() and len(caught.value.line()) < 400
    assert not host.comments.bodies


def test_a_job_that_speaks_for_itself_posts_for_nobody(host: Recorder, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="workflow_run"):
        post_for_fork(host, tmp_path, "acme/ml")


def test_a_run_of_anything_but_a_pull_request_is_not_spoken_for(host: Recorder, tmp_path: Path) -> None:
    host.speaks_for = replace(FORK_RUN, event="push")
    with pytest.raises(UsageError, match="not one of a pull request"):
        post_for_fork(host, tmp_path, "acme/ml")
    assert not host.comments.bodies


def test_a_newer_commit_of_the_fork_is_not_spoken_over(host: Recorder, tmp_path: Path) -> None:
    assert host.pulls is not None
    host.pulls.head = ("eve", "more-delay", "f" * 40)
    (tmp_path / "report.json").write_bytes(encode(GOOD))
    with pytest.raises(RemoteError, match="no open pull request"):
        post(host, tmp_path)
