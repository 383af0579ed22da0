"""Commands to GitHub's runner, and text that must be none, as the model of the runner reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.hosts.github import commands
from mlops_ci.hosts.github.host import SHOWN
from mlops_ci.records.conclusion import Annotation
from tests.hosts.hosts import Job, github_job
from tests.hosts.runner import Command, command_of, looks_like_one
from tests.hosts.runner import commands as commands_in

PIECES = st.sampled_from(
    [
        ":", "::", "#", "##", "##[", "[", "]", " ", "\t", "\r", "\n", "\x0b", "\x85", "\u00a0", "\u2028", "\u00ad",
        "\u200b", "\u200d", "\ufe0f", "\u034f", "\x00", "\x1b[0m", "set-output name=a::b", "add-mask", "error", "%0A",
        "%25", "é", "stop-commands::x",
    ]
)  # fmt: skip
HOSTILE = st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join)

PAYLOADS = [
    "::set-output name=promoted::true",
    "  \t::add-mask::a",
    "\u00a0::error::x",
    "\u200b::set-env name=PATH::/evil",
    ":\u00ad:add-path::/evil",
    "::stop-commands::pause",
    "loss 0.3 ##[set-output name=promoted]true",
    "###[add-path]/evil",
    "#\u200d#[error]x",
    "#\ufe0f#\ufe0f[group]x",
    "epoch 1\r::set-output name=a::b",
    "epoch 1\n::set-output name=a::b",
    "\x1b::warning::x",
    "::::set-output name=a::b",
]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return github_job(tmp_path, "push", {})


def only(job: Job) -> Command:
    [line] = job.lines
    command = command_of(line)
    assert command
    return command


@pytest.mark.parametrize("text", PAYLOADS)
def test_the_payloads_would_do_something(text: str) -> None:
    assert commands_in(text) or looks_like_one(text)


@pytest.mark.parametrize("text", PAYLOADS)
def test_a_known_trick_commands_nothing(text: str) -> None:
    safe = commands.neutralise(text)
    assert not commands_in(safe)
    assert not looks_like_one(safe)


@given(HOSTILE)
def test_no_text_commands_anything(text: str) -> None:
    safe = commands.neutralise(text)
    assert not commands_in(safe)
    assert not looks_like_one(safe)


@given(HOSTILE)
def test_all_that_can_be_seen_stays_readable(text: str) -> None:
    visible = "".join(letter for letter in text if letter == "\t" or letter.isprintable())
    assert commands.neutralise(text).replace(" ", "") == visible.replace(" ", "")


@pytest.mark.parametrize("text", ["std::vector<int>", "a: b", "# heading", "## [link](x)", "", "100% [####  ] 3/5"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert commands.neutralise(text) == text


@given(HOSTILE, HOSTILE, HOSTILE)
def test_a_remark_is_one_command_and_forges_nothing(message: str, title: str, file: str) -> None:
    line = commands.annotation(Annotation("warning", message, title=title, file=file, line=7))
    [command] = commands_in(line)
    assert command.name == "warning"
    assert set(command.properties) <= {"file", "line", "title"}
    assert command.properties.get("line", "7") == "7"
    assert "##[" not in command.data


def test_a_remark_arrives_as_it_was_said(job: Job) -> None:
    message = "100%: a, b\nand :: more %0A"
    job.host().annotate(Annotation("error", message, title="a,b::c", file="dir/a b,c.yaml", line=3))
    assert only(job) == Command("error", {"file": "dir/a b,c.yaml", "line": "3", "title": "a,b::c"}, message)


def test_a_remark_without_a_file_has_no_line(job: Job) -> None:
    job.host().annotate(Annotation("notice", "kept", line=3))
    assert only(job) == Command("notice", {}, "kept")


def test_what_github_would_not_show_is_in_the_log(job: Job) -> None:
    host = job.host()
    for number in range(SHOWN + 2):
        host.annotate(Annotation("error", f"e{number}\n::error::x", file="a.py", line=number))
    host.annotate(Annotation("warning", "of another kind"))
    read = [command_of(line) for line in job.lines]
    assert [command.name if command else None for command in read] == ["error"] * SHOWN + [None] * 3 + ["warning"]
    assert "10" in job.lines[SHOWN]
    assert job.lines[SHOWN + 1 : -1] == ["a.py:10: error: e10 ::error::x", "a.py:11: error: e11 ::error::x"]


def test_groups_do_not_nest(job: Job) -> None:
    host = job.host()
    with host.group("outer"), host.group("::inner"):
        job.lines.append("text")
    with host.group("next"):
        pass
    assert job.lines == ["::group::outer", ": :inner", "text", "::endgroup::", "::group::next", "::endgroup::"]


def test_each_line_of_a_secret_is_masked(job: Job) -> None:
    job.host().mask("-----BEGIN KEY-----\nMIIB%25+/==\r\n}\n")
    read = [command_of(line) for line in job.lines]
    assert all(command and command.name == "add-mask" for command in read)
    assert {command.data for command in read if command} == {
        "-----BEGIN KEY-----\nMIIB%25+/==\r\n}\n", "-----BEGIN KEY-----", "MIIB%25+/==",
    }  # fmt: skip


def test_a_short_secret_is_masked_when_it_is_all_there_is(job: Job) -> None:
    job.host().mask("abc")
    assert only(job) == Command("add-mask", {}, "abc")


@pytest.mark.parametrize("nothing", ["", " ", "\n", " \n\t\n"])
def test_nothing_is_not_masked(job: Job, nothing: str) -> None:
    job.host().mask(nothing)
    assert job.lines == []


@given(st.text(min_size=1))
def test_a_secret_is_masked_by_commands_only(secret: str) -> None:
    for line in commands.masks(secret):
        command = command_of(line)
        assert command
        assert command.name == "add-mask"
        assert len(commands_in(line)) == 1
