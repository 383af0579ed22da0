"""Charts: the history of a metric, as Mermaid and as a picture."""

from __future__ import annotations

import struct
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_ci.edge.picture import draw_png
from mlops_ci.errors import MissingExtraError
from mlops_ci.records.chart import Axis, Bar, Bars, Chart, Matrix, Plot, Series
from mlops_ci.records.report import History, Point
from mlops_ci.report.history import history_chart
from mlops_ci.report.mermaid import quoted, render_mermaid
from tests.conftest import Golden
from tests.parts.mermaid import Mermaid
from tests.report.test_foreign_text import HOSTILE

ACCURACY = (0.8026, 0.8121, 0.8085, 0.8201, 0.8205, 0.8176, 0.8312, 0.8359)
POINTS = tuple(
    Point(f"v{number}" if number < 8 else "this", value, champion=number in {1, 2, 4, 7})
    for number, value in enumerate(ACCURACY, 1)
)
HISTORY = History("accuracy", POINTS)
DIRECTIVES = [
    'x" ]\nline [9]', "%%{init: {}}%%", "%% comment", "---\ntitle: x\n---", "#quot;", "]", '"', "click x call y()",
    "</pre><script>alert(1)</script>", "x-axis", "line [1]", "$x$", "_hidden", "\\", "`", "a" * 500, "+Inf", "--> 3",
]  # fmt: skip
NUMBERS = st.floats(-1e12, 1e12, allow_nan=False) | st.sampled_from([0.0, 1e-9, 5e-324, 1e12, -0.0])


def chart_of(text: str) -> Chart:
    lines = (Series(text, (0, 1), (0.5, 1.0), marks=(1,)), Series(text, (0, 1), (0.2, 0.3)))
    return Plot(text, Axis(text, labels=(text, "v2")), Axis(text), lines, caption=text)


def line(values: tuple[float, ...]) -> Plot:
    """A chart of values that have names."""
    places = tuple(map(float, range(len(values))))
    return Plot("t", Axis("x", labels=tuple("abcdefghij"[: len(values)])), Axis("y"), (Series("s", places, values),))


ROC = Plot(
    "ROC of late", Axis("others", 0.0, 1.0), Axis("found", 0.0, 1.0),
    (
        Series("candidate", (0.0, 0.1, 0.1, 0.4, 1.0), (0.0, 0.3, 0.5, 0.8, 1.0)),
        Series("v12", (0.0, 0.2, 0.5, 1.0), (0.0, 0.5, 0.7, 1.0)),
        Series("guessing", (0.0, 1.0), (0.0, 1.0), "guide"),
    ),
)  # fmt: skip
FOUND = Bars(
    "Rows found", Axis("share", 0.0, 1.0), ("candidate", "v12"),
    (Bar("setosa", (0.9, 0.8), tip="50 rows"), Bar("a|b", (0.5, 0.75))),
)  # fmt: skip
MATRIX = Matrix("Confusion", "truth", "answer", ("late", "on time"), ((7.0, 3.0), (0.0, 0.0)))
POINTS_ALONE = Plot("Residuals", Axis("prediction"), Axis("residual"), (Series("rows", (1.0,), (2.0,), "points"),))


def test_the_champion_is_a_line_that_goes_up_after_one_came() -> None:
    chart = history_chart("coin", HISTORY)
    assert chart is not None
    assert chart.series[0].y == ACCURACY
    assert chart.series[1].y == (0.8026, 0.8026, 0.8121, 0.8121, 0.8201, 0.8201, 0.8201, 0.8312)
    assert chart.series[0].marks == (0, 1, 3, 6)


def test_a_champion_that_was_gone_back_to_is_the_one_that_the_next_version_met() -> None:
    points = (Point("v1", 0.6, champion=True), Point("v3", 0.7, champion=True, met=0.6), Point("v4", 0.65, met=0.6))
    chart = history_chart("coin", History("accuracy", points))
    assert chart is not None and chart.series[1].y == (0.6, 0.6, 0.6)


def test_the_champion_before_the_first_version_shown_counts() -> None:
    chart = history_chart("coin", History("accuracy", POINTS[4:7], before=0.8201))
    assert chart is not None and chart.series[1].y == (0.8201, 0.8201, 0.8201)


def test_without_a_champion_there_is_no_line_of_one() -> None:
    chart = history_chart("coin", History("loss", (Point("v1", 1.0), Point("v2", 2.0), Point("this", 3.0))))
    assert chart is not None and len(chart.series) == 1 and chart.series[0].marks == ()


@pytest.mark.parametrize("history", [None, History("accuracy", ()), History("accuracy", POINTS[:2])])
def test_too_little_to_see_is_no_chart(history: History | None) -> None:
    assert history_chart("coin", history) is None


def test_a_chart_is_called_as_people_call_its_metric() -> None:
    chart = history_chart("coin", History("roc_auc", POINTS, label="ROC AUC"))
    assert chart is not None and (chart.title, chart.y.name) == ("ROC AUC of coin", "ROC AUC")


def test_mermaid(golden: Golden) -> None:
    chart = history_chart("coin", HISTORY)
    assert chart is not None
    golden("history.mermaid.md", f"{render_mermaid(chart)}\n")


def test_mermaid_reads_a_curve_at_even_places() -> None:
    lines = (render_mermaid(ROC) or "").splitlines()
    assert lines[4] == 'x-axis "others" 0 --> 1' and lines[5] == "y-axis 0 --> 1"
    guessing, champion, candidate = (line.removeprefix("line [").removesuffix("]").split(", ") for line in lines[6:9])
    assert guessing[:3] == ["0", "0.025", "0.05"] and guessing[-1] == "1" and len(guessing) == 41
    assert candidate[:6] == ["0", "0.075", "0.15", "0.225", "0.5", "0.525"], "a step upwards is one"
    assert champion[20] == "0.7"


def test_mermaid_shows_two_models_as_bars_and_a_line() -> None:
    assert (render_mermaid(FOUND) or "").splitlines()[4:8] == [
        'x-axis ["setosa", "a|b"]', "y-axis 0 --> 1", "bar [0.9, 0.5]", "line [0.8, 0.75]",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "chart",
    [
        MATRIX, POINTS_ALONE, Plot("t", Axis("x"), Axis("y"), ()), Bars("t", Axis("x"), ("a",), ()),
        Bars("t", Axis("x"), ("a",), (Bar("b", (1.0,), interval=(0.0, None)),)),
        Bars("t", Axis("x"), ("a",), (Bar("b", (None,)),)),
    ],
)  # fmt: skip
def test_what_mermaid_cannot_draw_is_left_out(chart: Chart) -> None:
    assert render_mermaid(chart) is None


@pytest.mark.parametrize(("chart", "size"), [(ROC, (1280, 560)), (FOUND, (1280, 560)), (MATRIX, (1280, 880))])
def test_every_kind_of_chart_is_a_picture(chart: Chart, size: tuple[int, int]) -> None:
    assert size_of(draw_png(chart)) == size


@given(st.text(max_size=80) | st.sampled_from([*HOSTILE, *DIRECTIVES]))
def test_no_name_leaves_its_quotes(text: str) -> None:
    inner = quoted(text)[1:-1]
    assert inner and not set(inner) & set('"\n\r`%#;<>{}[]\\$') and "--" not in inner


def test_names_are_read_as_they_were_written_as_far_as_mermaid_has_letters_for_it() -> None:
    assert quoted("label|x") == '"label|x"'
    assert quoted("<b>'x'</b>").replace("\u2039", "<").replace("\u203a", ">").replace("\u2019", "'") == "\"<b>'x'</b>\""


def test_mermaid_itself_understands_it(mermaid: Mermaid) -> None:
    whole = history_chart("coin", HISTORY)
    assert whole is not None
    charts = [whole, *map(chart_of, [*HOSTILE, *DIRECTIVES])]
    wild = [(0.0, 0.0), (1e-9, 2e-9), (-1e12, 1e12), (1e20, -1e20), (5e-324, 1.0), (-0.5, -0.5)]
    charts += [*map(line, wild), ROC, FOUND]
    diagrams = [(render_mermaid(chart) or "").removeprefix("```mermaid\n").removesuffix("\n```") for chart in charts]
    assert mermaid(diagrams) == ["ok"] * len(diagrams)
    broken = diagrams[0].replace('title "', 'title ""')
    assert mermaid([broken]) != ["ok"], "the parser sees what is broken"


@settings(max_examples=100)
@given(st.lists(NUMBERS, min_size=2, max_size=5))
def test_numbers_have_no_exponent(values: list[float]) -> None:
    numbers = (render_mermaid(line(tuple(values))) or "").split("y-axis", 1)[1]
    assert "e" not in numbers.replace("line", "").replace("-axis", "") and "inf" not in numbers


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_the_same_chart_is_the_same_picture() -> None:
    chart = history_chart("coin", HISTORY)
    assert chart is not None
    png = draw_png(chart)
    assert size_of(png) == (1280, 560)
    assert draw_png(chart) == png
    assert b"Software" not in png and b"tEXt" not in png


@pytest.mark.parametrize("text", [*DIRECTIVES, "日本語", "😀", "", "\n", "_", "$\\frac{$"])
def test_any_name_can_be_drawn(text: str) -> None:
    assert size_of(draw_png(chart_of(text))) == (1280, 560)


@pytest.mark.parametrize("values", [(0.0, 0.0), (-1e300, 1e300), (5e-324, 1e-300)])
def test_any_number_can_be_drawn(values: tuple[float, float]) -> None:
    draw_png(line(values))


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mlops-ci\[charts\]'"):
        draw_png(chart_of("x"))
