"""The page of a report in a real browser."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from mlops_ci.records.report import Report
from mlops_ci.report.html.page import render_html
from tests.report.details import CLASSES, DETAILS, REGRESSION, detailed
from tests.report.test_html import hostile

PAGES: dict[str, Report] = {
    "binary": detailed(),
    "multiclass": detailed(replace(DETAILS, task="multiclass", candidate=CLASSES, champion=CLASSES)),
    "regression": detailed(replace(DETAILS, task="regression", candidate=REGRESSION, champion=REGRESSION)),
    "long names": hostile("x" * 300),
    "from right to left": hostile("\u202e\u05e2\u05d1\u05e8 <b>"),
}
MODES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
OUTSIDE = """() => [...document.querySelectorAll("main > *, figure, h3, dd")]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 80))"""

LINES_OF = """word => {
    const nodes = document.createTreeWalker(document.querySelector(".next"), NodeFilter.SHOW_TEXT)
    while (nodes.nextNode() && !nodes.currentNode.data.includes(word)) {}
    const range = document.createRange(), at = nodes.currentNode.data.indexOf(word)
    range.setStart(nodes.currentNode, at)
    range.setEnd(nodes.currentNode, at + word.length)
    return new Set([...range.getClientRects()].map(one => one.top)).size
}"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_every_screen_and_asks_nothing_of_anybody(browser: Browser, tmp_path: Path, name: str) -> None:
    file = tmp_path / "report.html"
    file.write_text(render_html(PAGES[name]), "utf-8")
    page = browser.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("request", lambda request: told.append(request.url))
    page.goto(file.as_uri())
    assert told == [file.as_uri()], "no error, and nothing is loaded"
    backgrounds = set()
    for width, mode in product((390, 1280), MODES):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=mode)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(OUTSIDE) == []
        backgrounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    page.close()
    assert len(backgrounds) == 2, "light and dark differ"


def test_no_line_ends_within_the_name_of_an_option_however_narrow_the_screen(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(render_html(detailed(version=4, event="push")), "utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    lines = set()
    for width in range(300, 500, 4):
        page.set_viewport_size({"width": width, "height": 900})
        lines.add(page.evaluate(LINES_OF, "--reason"))
    page.close()
    assert lines == {1}
