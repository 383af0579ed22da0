"""Charts: the history of a metric, as Mermaid and as a picture."""

from __future__ import annotations

import struct
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_ci.edge.picture import draw_png
from mlops_ci.errors import MissingExtraError
from mlops_ci.records.chart import Chart, Series
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
    return Chart(text, text, (text, "v2"), (Series(text, (0.5, 1.0)), Series(text, (0.2, 0.3))), marks=(1,))


def test_the_champion_is_a_line_that_goes_up_where_one_came() -> None:
    chart = history_chart("coin", HISTORY)
    assert chart is not None
    assert chart.series[0].values == ACCURACY
    assert chart.series[1].values == (0.8026, 0.8121, 0.8121, 0.8201, 0.8201, 0.8201, 0.8312, 0.8312)
    assert chart.marks == (0, 1, 3, 6)


def test_the_champion_before_the_first_version_shown_counts() -> None:
    chart = history_chart("coin", History("accuracy", POINTS[4:7], before=0.8201))
    assert chart is not None and chart.series[1].values == (0.8201, 0.8201, 0.8312)


def test_without_a_champion_there_is_no_line_of_one() -> None:
    chart = history_chart("coin", History("loss", (Point("v1", 1.0), Point("v2", 2.0), Point("this", 3.0))))
    assert chart is not None and len(chart.series) == 1 and chart.marks == ()


@pytest.mark.parametrize("history", [None, History("accuracy", ()), History("accuracy", POINTS[:2])])
def test_too_little_to_see_is_no_chart(history: History | None) -> None:
    assert history_chart("coin", history) is None


def test_mermaid(golden: Golden) -> None:
    chart = history_chart("coin", HISTORY)
    assert chart is not None
    golden("history.mermaid.md", render_mermaid(chart) + "\n")


@given(st.text(max_size=80) | st.sampled_from([*HOSTILE, *DIRECTIVES]))
def test_no_name_leaves_its_quotes(text: str) -> None:
    inner = quoted(text)[1:-1]
    assert inner and not set(inner) & set('"\n\r`%#;<>{}[]\\$') and "--" not in inner


def test_mermaid_itself_understands_it(mermaid: Mermaid) -> None:
    whole = history_chart("coin", HISTORY)
    assert whole is not None
    charts = [whole, *map(chart_of, [*HOSTILE, *DIRECTIVES])]
    wild = [(0.0, 0.0), (1e-9, 2e-9), (-1e12, 1e12), (1e20, -1e20), (5e-324, 1.0), (-0.5, -0.5)]
    charts += [Chart("t", "x", ("a", "b"), (Series("s", values),)) for values in wild]
    diagrams = [render_mermaid(chart).removeprefix("```mermaid\n").removesuffix("\n```") for chart in charts]
    assert mermaid(diagrams) == ["ok"] * len(diagrams)
    broken = diagrams[0].replace('title "', 'title ""')
    assert mermaid([broken]) != ["ok"], "the parser sees what is broken"


@settings(max_examples=100)
@given(st.lists(NUMBERS, min_size=2, max_size=5))
def test_numbers_have_no_exponent(values: list[float]) -> None:
    chart = Chart("t", "x", tuple("abcde"[: len(values)]), (Series("s", tuple(values)),))
    numbers = render_mermaid(chart).split("y-axis", 1)[1]
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
    draw_png(Chart("t", "x", ("a", "b"), (Series("s", values),)))


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mlops-ci\[charts\]'"):
        draw_png(chart_of("x"))
