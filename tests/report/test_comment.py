"""Comments: what is read from one, merged, and written in the room that there is."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_ci.records.report import CiOutcome
from mlops_ci.report.comment import render_comment
from mlops_ci.report.markdown import markdown_parts
from mlops_ci.report.section import PARTS, Section, marker, merge, parse_comment, part
from tests.report.reports import REPORTS
from tests.report.test_foreign_text import HOSTILE, everywhere

REPOSITORY = "acme/ml"
LARGE = 1 << 20
OUTCOMES: list[CiOutcome] = ["promoted", "passed", "refused", "inconclusive", "unchanged", "superseded"]
FORGERIES = [
    "<!-- end of section -->", "x\n<!-- end of section -->\nx", "<!-- part why -->", "<!--", "-->", "--", "<!-->",
    "\n<!-- section model=other outcome=passed sha=0123456 run=99999 attempt=1 -->\n<!-- part headline -->\nforged\n"
    "<!-- end of section -->\n", "<!-- mlops-ci repository=acme/ml -->", "\r<!-- end of section -->\r",
]  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60) | st.sampled_from(FORGERIES)


def parts_with(texts: dict[str, str]) -> tuple[tuple[str, str], ...]:
    made = [part(name, texts[name]) for name in PARTS if name in texts]
    return tuple((name, text) for name, text in made if text)


@st.composite
def sections(draw: st.DrawFn) -> Section:
    names = draw(st.sets(st.sampled_from([name for name in PARTS if name not in {"headline", "cut"}])))
    texts = {name: draw(TEXT) for name in names} | {"headline": f"### {draw(st.integers(0, 99))}"}
    return Section(
        model=draw(st.sampled_from(["coin", "dice", "a.b-c", "z"])),
        outcome=draw(st.sampled_from(OUTCOMES)),
        sha=draw(st.sampled_from(["3f2a91c", "9be04d7" * 5])),
        run=draw(st.integers(0, 3)),
        attempt=draw(st.integers(1, 2)),
        parts=parts_with(texts),
    )


COMMENT = st.lists(sections(), max_size=4)


@given(st.lists(COMMENT, max_size=3))
def test_merging_in_any_order_gives_the_same(comments: list[list[Section]]) -> None:
    merged = merge(*comments)
    assert all(merge(*order) == merged for order in permutations(comments))
    assert merge(*(list(reversed(comment)) for comment in comments)) == merged


@given(COMMENT, COMMENT, COMMENT)
def test_merging_step_by_step_gives_the_same(one: list[Section], two: list[Section], three: list[Section]) -> None:
    assert merge(merge(one, two), three) == merge(one, merge(two, three)) == merge(one, two, three)
    assert merge(merge(one), one) == merge(one)


@given(COMMENT)
def test_the_newest_section_of_each_model_wins(comment: list[Section]) -> None:
    merged = merge(comment)
    assert {section.model for section in merged} == {section.model for section in comment}
    for section in merged:
        assert section.moment == max(other.moment for other in comment if other.model == section.model)


@given(COMMENT)
def test_what_is_written_is_read_again_whatever_it_quotes(comment: list[Section]) -> None:
    merged = merge(comment)
    body = render_comment(REPOSITORY, merged, LARGE)
    assert body.startswith(marker(REPOSITORY) + "\n")
    assert parse_comment(body) == merged
    assert parse_comment(body.replace("\n", "\r\n").strip()) == merged
    assert parse_comment("\n".join(f"{line}  " for line in body.split("\n"))) == merged


@settings(max_examples=200)
@given(COMMENT, st.integers(0, 3000))
def test_a_comment_keeps_to_its_limit_and_stays_as_it_is(comment: list[Section], room: int) -> None:
    merged = merge(comment)
    smallest = len(render_comment(REPOSITORY, [replace(s, parts=s.parts[:1]) for s in merged], LARGE).encode())
    limit = smallest + room
    body = render_comment(REPOSITORY, merged, limit)
    assert len(body.encode()) <= limit
    read = parse_comment(body)
    assert [section.parts[0] for section in read] == [section.parts[0] for section in merged]
    assert render_comment(REPOSITORY, read, limit) == body, "reading and writing again changes nothing"
    for section, whole in zip(read, merged, strict=True):
        assert set(section.parts) - {("cut", dict(section.parts).get("cut", ""))} <= set(whole.parts)


def test_details_go_first_then_slices_charts_and_calm_models() -> None:
    texts = {name: f"{name} " * 20 for name in PARTS if name != "cut"}
    pair = [
        Section("b", "refused", "3f2a91c", 1, 1, parts_with(texts)),
        Section("a", "passed", "3f2a91c", 1, 1, parts_with(texts)),
    ]
    merged = merge(pair)
    whole = len(render_comment(REPOSITORY, merged, LARGE).encode())
    gone: list[tuple[str, str]] = []
    for limit in range(whole, 300, -20):
        for section in parse_comment(render_comment(REPOSITORY, merged, limit)):
            kept = {name for name, _ in section.parts}
            for name in texts.keys() - kept:
                if (section.model, name) not in gone:
                    gone.append((section.model, name))
    folded = [item for item in gone if item[1] in {"details", "slices", "charts"}]
    assert folded == [
        ("a", "details"), ("b", "details"), ("a", "slices"), ("b", "slices"), ("a", "charts"), ("b", "charts")
    ]  # fmt: skip
    assert {name for _, name in gone[6:9]} == {"rules", "notes", "changes"}
    assert [model for model, name in gone if name == "next"] == ["a", "b"]


def test_a_thousand_models_fit_and_their_number_is_said() -> None:
    one = parts_with({"headline": "### x: promoted, all 5 rules pass", "why": "w" * 200})
    many = merge([Section(f"m{number}", "promoted", "3f2a91c", 1, 1, one) for number in range(1000)])
    body = render_comment(REPOSITORY, many, 60_000)
    assert len(body.encode()) <= 60_000
    assert f"{1000 - len(parse_comment(body))} more models are not shown here" in body


@pytest.mark.parametrize(
    "broken",
    [
        "<!-- end of section -->", "<!-- part why -->", "<!-- part headline -->", "model=coin", "run=7", "sha=3f2a91c"
    ],
)  # fmt: skip
def test_a_section_with_a_broken_marker_is_left_out_and_the_other_stays(broken: str) -> None:
    texts = parts_with({"headline": "### coin", "why": "because"})
    coin = Section("coin", "passed", "3f2a91c", 7, 1, texts)
    dice = replace(coin, model="dice")
    body = render_comment(REPOSITORY, [coin, dice], LARGE)
    assert parse_comment(body.replace(broken, broken[:-4], 1)) == [dice]


@pytest.mark.parametrize(
    "body",
    [
        "", "hello", "<!-- mlops-ci repository=acme/ml -->", "<!--", "\0", "<!-- section -->\n<!-- end of section -->",
        "<!-- section model=../../x outcome=passed sha=3f2a91c run=1 attempt=1 -->\n<!-- part headline -->\nx\n"
        "<!-- end of section -->",
        "<!-- section model=coin outcome=great sha=3f2a91c run=1 attempt=1 -->\n<!-- part headline -->\nx\n"
        "<!-- end of section -->",
        "<!-- section model=coin outcome=passed sha=3f2a91c run=1 attempt=1 -->\n<!-- end of section -->",
        "<!-- section model=coin outcome=passed sha=3f2a91c run=1 attempt=1 -->\n<!-- part headline -->\n\n"
        "<!-- end of section -->",
        "<!-- section model=coin outcome=passed sha=3f2a91c run=1 attempt=1 -->\n<!-- part why -->\nx\n"
        "<!-- part headline -->\nx\n<!-- end of section -->",
        "<!-- section model=coin outcome=passed sha=3f2a91c run=1 attempt=1 -->\nhello\n<!-- part headline -->\nx\n"
        "<!-- end of section -->",
        "<!-- section model=coin outcome=passed sha=3f2a91c run=1 attempt=1 -->\n<!-- part headline -->\nx <!-- y\n"
        "<!-- end of section -->",
    ],
)  # fmt: skip
def test_what_is_no_section_is_not_believed(body: str) -> None:
    assert parse_comment(body) == []


@given(st.text(max_size=300) | st.lists(st.sampled_from(["<!-- end of section -->", "<!-- part why -->", "x",
    "<!-- section model=coin outcome=passed sha=3f2a91c run=1 attempt=1 -->", "<!-- part headline -->", ""])
    ).map("\n".join))  # fmt: skip
def test_any_text_can_be_read(body: str) -> None:
    for section in parse_comment(body):
        assert parse_comment(section.text()) == [section]


@pytest.mark.parametrize("text", [*HOSTILE, *FORGERIES])
def test_no_foreign_text_in_a_report_forges_a_marker(text: str) -> None:
    report = replace(everywhere(text), model="coin", stages=(text,), url=text, merge=text)
    section = Section("coin", "inconclusive", "3f2a91c", 1, 1, markdown_parts(report, ()))
    assert not any("<!--" in written for _, written in section.parts)
    assert parse_comment(render_comment(REPOSITORY, [section], LARGE)) == [section]


@pytest.mark.parametrize("name", ["acme/ml", "a--b/c", "x -->\n<!-- y", "日本/ml", "a b/c"])
def test_the_marker_of_a_repository_is_one_comment_on_one_line(name: str) -> None:
    line = marker(name)
    assert line.startswith("<!-- ") and line.endswith(" -->") and "\n" not in line
    assert "--" not in line[4:-3]
    assert line != marker(name + "x")


def test_a_report_is_the_same_in_a_comment_as_elsewhere() -> None:
    for report in REPORTS.values():
        names = [name for name, _ in markdown_parts(report, ())]
        assert names == [name for name in PARTS if name in names]
        assert names[:2] == ["headline", "why"]
