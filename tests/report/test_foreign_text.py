"""Names and values that users, data and other people's commits bring along."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.cells import cell_len

from mlops_ci.records.conversion import Conversion
from mlops_ci.records.dataset import DatasetVersion
from mlops_ci.records.difference import Change, ColumnChange, DatasetChange, Difference, FileChange
from mlops_ci.records.report import Report
from mlops_ci.records.run import StepRun
from mlops_ci.report.markdown import code, escape, escape_html, render_markdown
from mlops_ci.report.terminal import render_terminal
from mlops_ci.report.wording import visible
from tests.report.reports import ON_HOLD, REPORTS, carrier

HOSTILE = [
    "a|b", "|", "||", "\\|", "a\nb", "a\r\n\r\n# b", "<script>alert(1)</script>", "<img src=x onerror=y>", "<!-- -->",
    "</details>", "`code`", "``", "```\nx\n```", "`", "@everyone", "@org/team", "#123", "GH-1", "**bold**", "_em_",
    "[link](https://evil.example)", "![image](https://evil.example/x.png)", "https://evil.example", "~~gone~~",
    "&lt;b&gt;", "&#124;", "- item", "1. item", "> quote", "    indented", "\\", "a\\", "---", "===", "|---|",
    "\u202eright to left", "\u2066isolated", "עברית", "العربية", "日本語の名前", "\x1b[31mred", "\x00", "\x07", "\x85",
    "a\u2028b", "😀" * 40, "x" * 300, "::error::x", "",
]  # fmt: skip
ANY_TEXT = st.text(max_size=40) | st.sampled_from(HOSTILE)
OURS = {"<details>", "</details>", "<summary>", "</summary>"}


def everywhere(text: str) -> Report:
    """A report with this text wherever a text can come from outside."""
    rules = tuple(
        replace(result, label=text, reason=text, method=text, slice=result.slice and (text, text))
        for result in (
            *ON_HOLD.rules,
            carrier("ZZ", "fail", 900),
            replace(ON_HOLD.rules[0], interval=None, change=None),
        )
    )
    side = ON_HOLD.baseline and replace(ON_HOLD.baseline, version=None, name=text)
    return replace(
        REPORTS["inconclusive"],
        model=text,
        summary=text,
        verdict=replace(ON_HOLD, rules=rules, baseline=side, summary=text),
        changes=differing(text),
        steps=(StepRun(text, "ran"), StepRun("train", "failed")),
        notes=(f"{text} `{text}`",),
        run=text,
        conversion=Conversion(1, text, text, reason=text, hint=text),
    )


def differing(text: str) -> Difference:
    """A difference with this text wherever a text can come from outside."""
    version = DatasetVersion(text, text, 1, 1)
    columns = (ColumnChange(text, "added", None, text), ColumnChange(text, "type", text, text))
    changes = (Change(text, text, text), Change(text, None, text), Change(text, text, None))
    return Difference(
        text,
        text,
        files=(FileChange(text, "modified"), FileChange(text, "renamed", old=text or "x")),
        params=changes,
        datasets=(DatasetChange(text, version, version, columns), DatasetChange(text, None, version)),
        packages=changes,
        rules=changes,
    )


def tokens(text: str) -> list[Token]:
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [part for token in parsed for part in (token, *(token.children or ()))]


def columns(parsed: list[Token]) -> list[list[int]]:
    """How many cells each row of each table has."""
    tables: list[list[int]] = []
    for token in parsed:
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append(0)
        elif token.type in {"td_open", "th_open"}:
            tables[-1][-1] += 1
    return tables


def shape(text: str) -> tuple[list[list[int]], list[str]]:
    parsed = tokens(render_markdown(everywhere(text)))
    kept = {"heading_open", "table_open", "blockquote_open", "bullet_list_open", "ordered_list_open", "hr", "fence",
            "code_block", "link_open", "image", "em_open", "s_open", "html_inline"}  # fmt: skip
    return columns(parsed), [token.type for token in parsed if token.type in kept]


PLAIN = shape("plain")


def test_the_plain_report_has_the_tables_that_it_should() -> None:
    rows, _ = PLAIN
    assert {count for table in rows[:1] for count in table} == {5}
    assert {count for table in rows[1:] for count in table} == {6}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_changes_nothing_of_the_structure(text: str) -> None:
    assert shape(text) == PLAIN


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT)
def test_any_text_changes_nothing_of_the_structure(text: str) -> None:
    assert shape(text) == PLAIN


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT)
def test_there_is_no_html_but_ours(text: str) -> None:
    blocks = [token.content for token in tokens(render_markdown(everywhere(text))) if token.type == "html_block"]
    for block in blocks:
        for tag in OURS:
            block = block.replace(tag, "")
        assert "<" not in block and ">" not in block


@given(ANY_TEXT)
def test_escaped_text_reads_as_it_was_written(text: str) -> None:
    (inline,) = [token for token in tokens(f"x{escape(text)}x") if token.type == "inline"]
    shown = "".join(child.content for child in inline.children or ())
    assert shown.replace("\u200b", "") == f"x{visible(text)}x".replace("\u200b", "")


@pytest.mark.parametrize("text", ["@everyone", "see @org/team", "#123", "a@b.example"])
def test_nobody_is_mentioned_and_nothing_referred_to(text: str) -> None:
    for written in (escape(text), escape_html(text)):
        (inline,) = [token for token in tokens(written) if token.type == "inline"]
        shown = "".join(child.content for child in inline.children or ())
        assert "@" not in shown or "@\u200b" in shown
        assert "#" not in shown or "#\u200b" in shown


@given(ANY_TEXT)
def test_a_code_span_stays_one(text: str) -> None:
    if not code(text):
        return
    (inline,) = [token for token in tokens(f"x {code(text)} x") if token.type == "inline"]
    assert [child.type for child in inline.children or ()] == ["text", "code_inline", "text"]


@pytest.mark.parametrize("width", [80, 120])
@settings(max_examples=40, deadline=None)
@given(ANY_TEXT)
def test_no_line_of_the_terminal_is_wider_than_it(width: int, text: str) -> None:
    for line in render_terminal(everywhere(text), width=width, colour=False).splitlines():
        assert cell_len(line) <= width


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT)
def test_no_text_controls_the_terminal(text: str) -> None:
    shown = render_terminal(everywhere(text), width=100, colour=False).replace("\n", "")
    assert not any(letter < " " or "\x7f" <= letter <= "\x9f" or "\u202a" <= letter <= "\u202e" for letter in shown)
    written = render_markdown(everywhere(text)).replace("\n", "")
    assert not any(letter < " " or "\x7f" <= letter <= "\x9f" or "\u202a" <= letter <= "\u202e" for letter in written)


def test_names_in_notes_are_code_between_words() -> None:
    noted = replace(REPORTS["ready"], notes=("`gate` differs from `main|x` here",))
    assert "> `gate` differs from `main¦x` here." in render_markdown(noted)
