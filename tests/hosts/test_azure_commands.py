"""Lines to the agent of Azure Pipelines: what we mean arrives whole, and what others wrote commands nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlops_ci.hosts.azure.commands import (
    command,
    escape,
    hiding,
    issue,
    neutralise,
    output,
    output_name,
    undoes_percents,
)
from mlops_ci.records.conclusion import Annotation
from tests.hosts.azure_agent import Carried, carried_out, found_in, read_as_people_do

FORGED = "task.setvariable variable=promoted;isOutput=true]true"
PIECES = [
    *("##vso[", "##[", "##", "vso", "[", "]", ";", "=", "%", "%0A", "%AZP25", "%25", "%5D", FORGED, "text", "ü", " "),
    *("\n", "\r", "\0", "\u200b", "\ufe0f", "\u034f", "\xad", "\x1b"),
]
wild = st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join)


@given(wild)
@example("##v\0so[task.complete result=Succeeded]")
@example("#\u200b#vso[task.complete result=Succeeded]")
@example("##v\ufe0fso[task.complete result=Succeeded]")
@example("###vso[task.complete result=Succeeded]")
@example("##VSO[task.complete result=Succeeded]")
@example("ok\r##vso[task.complete result=Succeeded]")
@example("##[error]boo ##[group]x")
def test_foreign_text_commands_nothing(text: str) -> None:
    line = neutralise(text)
    assert carried_out(line) == []
    assert "##vso[" not in read_as_people_do(line)
    assert "##[" not in read_as_people_do(line)
    assert "\n" not in line and "\r" not in line


def test_foreign_text_stays_readable() -> None:
    assert neutralise("see ##vso[task.complete]done, 100 % \tü") == "see ## vso[task.complete]done, 100 % \tü"
    assert neutralise("## Results [1]") == "## Results [1]"


@given(wild, st.booleans())
def test_escaped_text_arrives_as_it_was(text: str, percents: bool) -> None:
    if not percents:
        text = text.replace("%", "")
    line = command("area.event", {"key": text, "last": "x"}, text, percents=percents)
    expected = {"key": text, "last": "x"} if text else {"last": "x"}
    assert carried_out(line, percents=percents) == [Carried("area.event", expected, text)]


def test_a_percent_sign_is_left_alone_where_the_agent_would_not_undo_it() -> None:
    assert escape("100%") == "100%AZP25"
    assert escape("100%", percents=False) == "100%"


@pytest.mark.parametrize(
    ("setting", "undone"), [(None, True), ("", True), ("true", True), ("false", False), ("False", False)]
)
def test_a_job_may_switch_the_escape_of_percents_off(setting: str | None, undone: bool) -> None:
    assert undoes_percents(setting) is undone


@given(wild)
@example("1.0\n##vso[task.setvariable variable=promoted;isOutput=true]true")
@example("1.0%0A##vso[task.complete result=Succeeded]")
def test_a_value_forges_no_other_output(value: str) -> None:
    assert carried_out(output("version", value)) == [
        Carried("task.setvariable", {"variable": "version", "isOutput": "true"}, value)
    ]


@pytest.mark.parametrize(
    ("name", "spelt"),
    [("report-json", "reportJson"), ("promoted", "promoted"), ("a_b.c-d", "aBCD"), ("model-sha256", "modelSha256")],
)
def test_outputs_are_spelt_as_pipelines_spell_them(name: str, spelt: str) -> None:
    assert output_name(name) == spelt


def test_an_error_points_at_its_line() -> None:
    line = issue(Annotation("error", "worse\nby 2 %", title="coin", file="a;b].py", line=7))
    assert line == "##vso[task.logissue type=error;sourcepath=a%3Bb%5D.py;linenumber=7]coin: worse by 2 %AZP25"
    assert found_in(line) == Carried(
        "task.logissue", {"type": "error", "sourcepath": "a;b].py", "linenumber": "7"}, "coin: worse by 2 %"
    )


def test_a_warning_without_a_file_has_no_line() -> None:
    assert issue(Annotation("warning", "careful", line=3)) == "##vso[task.logissue type=warning]careful"


def test_a_notice_is_a_line_of_the_log() -> None:
    assert issue(Annotation("notice", "fine", file="a.py", line=2)) == "a.py:2: notice: fine"


@given(wild)
def test_a_remark_is_one_command_and_its_words_are_none(message: str) -> None:
    [carried] = carried_out(issue(Annotation("error", message, title=message, file=message or None)))
    assert (carried.name, carried_out(carried.data)) == ("task.logissue", [])
    assert carried_out(issue(Annotation("notice", message, title=message, file=message or None))) == []


def test_a_secret_is_hidden_line_by_line() -> None:
    secret = "-----BEGIN KEY-----\nabc%def]ghi\n\n{\n-----END KEY-----\n"
    commands = [found_in(line) for line in hiding(secret)]
    assert [carried.data for carried in commands if carried] == [
        "-----BEGIN KEY-----", "abc%def]ghi", "-----END KEY-----",
    ]  # fmt: skip
    assert list(hiding("abc")) == ["##vso[task.setsecret]abc"]
    assert list(hiding("  \n")) == []
