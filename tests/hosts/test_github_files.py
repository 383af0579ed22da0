"""Outputs and summaries, as the model of the runner reads the files."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.errors import RemoteError, UsageError
from mlops_ci.hosts.github import files
from tests.hosts.hosts import Job, github_job
from tests.hosts.runner import outputs

LINES = st.sampled_from(["a=b", "x<<EOF", "EOF", "", "ghadelimiter_", "\r", "promoted=true", "ü", "\x00", "\u2028"])
VALUES = st.lists(LINES | st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=6).map("\n".join)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return github_job(tmp_path, "push", {})


def summary(job: Job) -> bytes:
    return Path(job.environ["GITHUB_STEP_SUMMARY"]).read_bytes()


@given(st.dictionaries(st.sampled_from(["outcome", "model", "report-json", "_x"]), VALUES))
def test_outputs_arrive_and_forge_nothing(values: dict[str, str]) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "output")
        file.write_text("before=1")  # and no line end
        files.write_outputs(str(file), values)
        assert outputs(file.read_bytes().decode()) == {"before": "1", **values}


def test_a_value_cannot_know_its_delimiter() -> None:
    first, second = (files.output("a", "x").splitlines()[-1] for _ in range(2))
    assert first != second


def test_a_value_that_is_no_unicode_is_written_all_the_same(job: Job) -> None:
    job.host().outputs({"a": "\udcff"})
    assert outputs(Path(job.environ["GITHUB_OUTPUT"]).read_text("utf-8")) == {"a": "?"}


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a<<b", "a\nb", "1a", "ä", "-a", "a\n"])
def test_a_name_that_is_none_is_refused(job: Job, name: str) -> None:
    with pytest.raises(UsageError, match="not a name for an output"):
        job.host().outputs({name: "x"})
    assert Path(job.environ["GITHUB_OUTPUT"]).read_text() == ""


def test_summaries_add_up(job: Job) -> None:
    job.host().summary("# One")
    job.host().summary("# Two\n")
    assert summary(job) == b"# One\n\n# Two\n\n"


def test_what_others_left_open_is_ended_first(job: Job) -> None:
    Path(job.environ["GITHUB_STEP_SUMMARY"]).write_text("theirs")
    job.host().summary("ours")
    assert summary(job) == b"theirs\nours\n\n"


@pytest.mark.parametrize("already", [0, 500_000, (1 << 20) - 400])
@pytest.mark.parametrize("line", ["| a | b |\n", "ü" * 999 + "\n"])
def test_a_long_summary_is_cut_between_lines_and_says_where_the_rest_is(job: Job, already: int, line: str) -> None:
    Path(job.environ["GITHUB_STEP_SUMMARY"]).write_text("x" * already)
    host = job.host()
    host.summary(line * (2_000_000 // len(line.encode())))
    host.summary("never lost without a word")
    data = summary(job)
    assert len(data) <= files.SUMMARY_LIMIT
    text = data.decode()
    assert text.count("https://github.com/acme/ml/actions/runs/77/attempts/2") == 1
    assert set(text[already:].partition("\n*GitHub")[0].strip("\n").split("\n")) <= {line.strip("\n"), ""}


def test_a_summary_that_is_full_stays_so(job: Job) -> None:
    Path(job.environ["GITHUB_STEP_SUMMARY"]).write_bytes(b"x" * files.SUMMARY_LIMIT)
    job.host().summary("more")
    assert len(summary(job)) == files.SUMMARY_LIMIT


@pytest.mark.parametrize("variable", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_a_file_that_cannot_be_written_is_one_clear_line(job: Job, variable: str, tmp_path: Path) -> None:
    job.environ[variable] = str(tmp_path / "gone" / "file")
    host = job.host()
    with pytest.raises(RemoteError, match="cannot be written: No such file"):
        host.outputs({"a": "b"}) if variable == "GITHUB_OUTPUT" else host.summary("text")
