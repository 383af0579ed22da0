"""The report as a page: complete in itself, and the same whatever texts and numbers it has."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_ci.records.chart import Axis, Bar, Bars, Matrix, Plot, Series
from mlops_ci.records.dataset import DatasetVersion
from mlops_ci.records.difference import ColumnChange, DatasetChange, Difference
from mlops_ci.records.model_explanation import ExplainedRow, Importance
from mlops_ci.records.report import History, Point, Report
from mlops_ci.records.report_details import ClassCurve, Confusion, Curve, ReportDetails, Spread
from mlops_ci.records.run import StepRun
from mlops_ci.report.html.drawing import Figures
from mlops_ci.report.html.page import render_html
from mlops_ci.report.html.templating import apart, filled
from tests.conftest import Golden
from tests.report.details import BINARY, CLASSES, DETAILS, EXPLANATION, HISTORY, REGRESSION, ROW, detailed
from tests.report.reports import REPORTS
from tests.report.test_foreign_text import ANY_TEXT, HOSTILE, everywhere

NUMBERS = st.floats() | st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, 1e308, -1e308])
ATTRIBUTES = {
    "aria-describedby", "aria-hidden", "aria-label", "aria-labelledby", "charset", "class", "clip-path", "content",
    "cx", "cy", "d", "data-is", "fill-opacity", "height", "href", "http-equiv", "id", "lang", "marker-end",
    "markerheight", "markerwidth", "name", "open", "orient", "pointer-events", "points", "r", "refx", "refy", "rel",
    "role", "rx", "tabindex", "text-anchor", "title", "transform", "viewbox", "width", "x", "y",
}  # fmt: skip


class Page(HTMLParser):
    """The elements of a page, checked for being closed in the order in which they were opened."""

    EMPTY = frozenset({"meta"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.numbers: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        places = {"x", "y", "cx", "cy", "r", "d", "width", "height"}
        self.numbers += [value or "" for name, value in attrs if name in places]
        if tag not in self.EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def hostile(text: str) -> Report:
    """A report with this text wherever a text can come from outside."""
    row = replace(ROW, row=text, target=text, baseline=text, candidate=text, columns={text: text})
    changed = DETAILS.changed and replace(
        DETAILS.changed, newly_wrong=(row,), newly_right=(row,), largest=(row,), loss=text, score_of=text
    )
    spread = Spread(text, Curve((0.0, 1.0), (0.5, 1.0)))
    matrix = replace(CLASSES.confusion, classes=(text, f"{text}2", "3")) if CLASSES.confusion else None
    answers = replace(
        BINARY,
        confusion=matrix,
        spreads=(spread,),
        residuals=REGRESSION.residuals,
        class_rocs=(ClassCurve(text, spread.curve),),
    )
    details = ReportDetails("multiclass", text, answers, answers, text, changed, {text: (), "train": (text,)}, (text,))
    explained = ExplainedRow(text, 0.0, 1.0, {text: 1.0}, {text: text}, text)
    return replace(
        everywhere(text),
        details=details,
        history=History(text, tuple(Point(text, value, champion=True) for value in (1.0, 2.0, 3.0))),
        histories=(replace(HISTORY, metric=text),),
        explanation=replace(
            EXPLANATION, importances=(Importance(text, 1.0, 0.1),), explained=(explained,), metric=text
        ),
        metrics={text: 1.0},
        steps=(StepRun(text, "ran", (text,)), StepRun("train", "failed")),
        stages=(text,),
        url=text,
    )


def shape(page: Page) -> list[str]:
    """Tables and figures; how many labels fit along an axis depends on how long they are."""
    return [
        tag for tag in page.tags if tag in {"h1", "h2", "h3", "table", "tr", "td", "th", "figure", "svg", "details"}
    ]


PLAIN = shape(Page(render_html(hostile("plain"))))


def golden_text(report: Report) -> str:
    """A page without its style, which is looked at in a browser."""
    page = re.sub(r"<style>.*</style>", "<style></style>", render_html(report), flags=re.DOTALL)
    return re.sub(r"sha256-[^']+", "sha256-…", page, count=1)


@pytest.mark.parametrize(("name", "report"), {"refused": REPORTS["refused"], "detailed": detailed()}.items())
def test_a_page(name: str, report: Report, golden: Golden) -> None:
    golden(f"{name}.html", golden_text(report))


def test_the_decision_comes_first_then_why_and_what_to_do() -> None:
    text = Page(render_html(detailed())).text
    parts = ["on hold", "412 rows cannot tell", "To go on", "Rules", "What changed", "History", "ROC of late",
             "Slices", "Rows that changed most", "What the model goes by", "Pipeline", "Lineage"]  # fmt: skip
    places = [text.index(part, text.index("Candidate 3f2a91c") if index > 3 else 0) for index, part in enumerate(parts)]
    assert places == sorted(places)


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_every_report_is_a_page_that_needs_nothing_else(report: Report) -> None:
    text = render_html(report)
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert page.attributes <= ATTRIBUTES
    assert "url(" not in text.replace("url(#", "") and "@import" not in text


def test_the_policy_allows_the_style_of_the_page_and_nothing_else() -> None:
    text = render_html(REPORTS["refused"])
    found = re.search(r"<style>(.*)</style>", text, re.DOTALL)
    assert found is not None
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'" in text
    assert "style=" not in text


@pytest.mark.parametrize("text", [text for text in HOSTILE if text])
def test_hostile_text_changes_nothing_of_the_page(text: str) -> None:
    page = Page(render_html(hostile(text)))
    assert shape(page) == PLAIN
    assert page.attributes <= ATTRIBUTES and all(link.startswith("http") for link in page.links)


@settings(max_examples=20, deadline=None)
@given(ANY_TEXT.filter(bool))
def test_any_text_changes_nothing_of_the_page(text: str) -> None:
    written = render_html(hostile(text))
    assert shape(Page(written)) == PLAIN
    assert not any(
        letter < " " or "\x7f" <= letter <= "\x9f" or "\u202a" <= letter <= "\u202e"
        for letter in written.replace("\n", "")
    )


def places_of(chart: Any) -> list[str]:
    written = filled("report.html.j2", **context(chart))
    return Page(written).numbers


def context(chart: Any) -> dict[str, Any]:
    """What the template wants of a report with nothing but this chart."""
    empty: dict[str, Any] = dict.fromkeys(
        ("headline", "tone", "sides", "baseline", "level", "foot"), ""
    ) | dict.fromkeys(("next", "changes", "changed", "explained", "graph", "url"))
    lists: dict[str, Any] = {
        name: [] for name in
        ("rules", "notes", "onnx", "class_figures", "slices", "slice_figures", "datasets", "steps", "lineage",
         "metrics", "methods")
    }  # fmt: skip
    return {"report": REPORTS["refused"], "chart_groups": [("x", Figures().of([chart]))], **empty, **lists}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=6), st.booleans(), st.sampled_from(["line", "steps", "points"]))
def test_any_numbers_have_a_place(pairs: list[tuple[float, float]], log: bool, style: Any) -> None:
    x, y = (tuple(pair[side] for pair in pairs) for side in (0, 1))
    bars = tuple(Bar("b", (value, None), (value, None)) for value in y)
    for chart in (
        Plot("t", Axis("x", log=log), Axis("y"), (Series("s", x, y, style, sizes=tuple(map(abs, range(len(x))))),)),
        Bars("t", Axis("x"), ("a", "b"), bars),
        Matrix("t", "r", "c", tuple("abcdef"[: len(x)]), tuple(tuple(abs(v) for v in x) for _ in x)),
    ):
        numbers = " ".join(places_of(chart))
        assert "nan" not in numbers and "inf" not in numbers


def test_a_report_of_a_run_without_predictions_has_no_charts() -> None:
    page = Page(render_html(replace(REPORTS["no-gate"], details=ReportDetails(needs={}))))
    assert "figure" not in page.tags and "Pipeline" in page.text


def test_a_report_from_before_there_were_details_is_shown() -> None:
    assert "svg" not in Page(render_html(REPORTS["refused"])).tags


class Unfolded(Page):
    """What is to be seen of a page before anything is opened."""

    def __init__(self, text: str) -> None:
        self._folded = 0
        super().__init__(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        self._folded += tag == "details" and ("open", None) not in attrs

    def handle_endtag(self, tag: str) -> None:
        super().handle_endtag(tag)
        self._folded -= tag == "details" and self._folded > 0

    def handle_data(self, data: str) -> None:
        if not self._folded:
            super().handle_data(data)


def test_of_many_classes_each_has_a_curve_of_both_models_and_all_are_folded() -> None:
    fewer = replace(CLASSES, class_rocs=CLASSES.class_rocs[:1])
    report = detailed(replace(DETAILS, task="multiclass", candidate=CLASSES, champion=fewer))
    text = render_html(report)
    page = Page(text).text
    assert "ROC of each class against the rest: 2" in page
    first, second = page.index("ROC of a against the rest"), page.index("ROC of b against the rest")
    assert "candidate, area 0.8500 v12, area 0.8500" in " ".join(page[first:second].split())
    assert "v12" not in page[second : page.index("Slices", second)], "the other has no curve of this class"
    assert "ROC of a" not in Unfolded(text).text


def test_what_decides_is_seen_at_once_and_long_tables_are_folded() -> None:
    report = detailed(changes=REPORTS["refused"].changes)
    seen = Unfolded(render_html(report)).text
    for told in ("on hold", "412 rows cannot tell", "To go on", "ROC AUC, at most 0.005 worse", "What changed since"):
        assert told in seen
    folded = ("AA-17", "What became of it", "accuracy: paired proportions")
    whole = Page(render_html(report)).text
    assert [text for text in folded if text in seen or text not in whole] == []


@pytest.mark.parametrize(("name", "opened"), [("promoted", 0), ("inconclusive", 1)])
def test_a_table_of_slices_is_open_if_one_of_them_keeps_the_model_from_passing(name: str, opened: int) -> None:
    assert render_html(REPORTS[name]).count("<details open><summary><bdi>accuracy") == opened


def test_what_nobody_s_ci_has_run_answers_no_event() -> None:
    assert "Event none: run outside CI" in Page(render_html(detailed(host="local"))).text
    assert "Event pull request" in Page(render_html(detailed(host="github"))).text


def test_changed_data_is_told_column_by_column() -> None:
    before = DatasetVersion("data/flights.parquet", "sha256:1", 10, 1)
    columns = (ColumnChange("hour", "shift", "mean 12", "mean 15", 0.31), ColumnChange("x|y", "removed", "int", None))
    change = DatasetChange("flights", before, replace(before, digest="sha256:2", size=30), columns)
    difference: Any = Difference("v12", "v13", datasets=(change, DatasetChange("weather", None, before)))
    text = Page(filled_with_changes(difference)).text
    assert "flights : another content, 30 bytes after 10" in text and "hour shift mean 12 mean 15 0.31" in text
    assert "weather : is new" in text


def filled_with_changes(difference: Any) -> str:
    from mlops_ci.report.html.tables import dataset_tables

    return filled("report.html.j2", **context(HISTORY_PLOT) | {"datasets": dataset_tables(difference.datasets)})


HISTORY_PLOT = Plot("t", Axis("x"), Axis("y"), (Series("s", (0.0, 1.0), (1.0, 2.0)),))


def test_values_written_from_right_to_left_leave_the_numbers_beside_them_in_place() -> None:
    assert apart("a|b 50%, שלום 49%") == "<bdi>a|b</bdi> 50%, <bdi>שלום</bdi> 49%"
    assert apart("א … <ת>") == "<bdi>א</bdi> … <bdi>&lt;ת&gt;</bdi>"
    assert apart("HA, \u202eB6") == "<bdi>HA</bdi>, <bdi>�B6</bdi>"
    assert apart("") == ""
    column = ColumnChange("c", "shift", "a 50%, שלום 50%", "a 1%", 0.5)
    changes = Difference("v1", "v2", datasets=(DatasetChange("d", None, DatasetVersion("d", "d", 1, 1), (column,)),))
    assert "<bdi>שלום</bdi> 50%" in render_html(replace(REPORTS["refused"], changes=changes))


def test_a_graph_has_each_step_below_what_it_needs_and_no_arrow_too_many() -> None:
    text = render_html(detailed())
    assert text.count('class="arrow"') == 2, "evaluate needs train, which needs prepare"
    assert text.index(">prepare</text>") < text.index(">train</text>")
    assert "↺ reused" in text and "▶ ran, 6 min 12 s" in text


def test_a_page_stays_small_whatever_the_model_has() -> None:
    names = tuple(f"class {number}" for number in range(30))
    many = replace(BINARY, confusion=Confusion(names, ((1.0,) * 30,) * 30, 9_971))
    curve = Curve(tuple(index / 199 for index in range(200)), tuple(index / 199 for index in range(200)), 0.5)
    many = replace(many, roc=curve, precision_recall=curve)
    details = replace(DETAILS, task="multiclass", candidate=many, champion=many)
    assert len(render_html(detailed(details))) < 700_000
