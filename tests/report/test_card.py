"""A model card says what is on record, in the order of the field, and nothing of it acts."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
import yaml

from mlops_ci.report.card import render_card
from mlops_ci.report.card_facts import Bounds, CardFacts
from mlops_ci.report.card_front import split_front
from mlops_ci.report.card_html import render_card_page
from tests.conftest import Golden
from tests.report.cards import CARDS, LIES, WHOLE


@pytest.mark.parametrize(("name", "facts"), CARDS.items(), ids=CARDS)
def test_cards(name: str, facts: CardFacts, golden: Golden) -> None:
    golden(f"card {name}.md", render_card(facts))


def test_a_card_as_a_page(golden: Golden) -> None:
    golden("card.html", render_card_page(WHOLE))


def test_a_bar_in_a_name_stays_one_and_ends_no_cell() -> None:
    names = ["label|x", "back\\|slash", "two\\\\|slashes"]
    bounds = {name: Bounds(0.25, 0.75) for name in names}
    facts = replace(WHOLE, version=replace(WHOLE.version, metrics=dict.fromkeys(names, 0.5)), bounds=bounds)
    assert "| `label\\|x` | 0.5000 | 0.2500 | 0.7500 |" in render_card(facts)
    page = render_card_page(facts)
    for shown in ("label|x", "back\\¦slash", "two\\\\¦slashes"):
        assert re.search(rf"<code>{re.escape(shown)}</code></td>\s*<td[^>]*>0.5000</td>\s*<td[^>]*>0.2500</td>", page)


def front(text: str) -> dict[str, Any]:
    assert text.startswith("---\n")
    return dict(yaml.safe_load(text.split("---\n")[1]))


def test_the_yaml_has_what_the_user_wrote_and_our_results() -> None:
    found = front(render_card(WHOLE))
    assert (found["license"], found["tags"]) == ("apache-2.0", ["flights", "mlops-ci", "team:planning"])
    (entry,) = found["model-index"]
    (result,) = entry["results"]
    assert entry["name"] == "flight-delay"
    assert result["task"] == {"type": "tabular-classification"}
    assert {metric["type"]: metric["value"] for metric in result["metrics"]} == {"roc_auc": 0.7912, "accuracy": 0.8359}


@pytest.mark.parametrize(
    "text",
    [
        "---\nnot closed",
        "---\n- list\n---\nx",
        "---\na: [\n---\nx",
        "---\na: !!python/name:os.system x\n---\n",
        "no",
        "",
    ],
)
def test_what_is_no_yaml_of_keys_is_text(text: str) -> None:
    assert split_front(text) == ({}, text)


def test_nested_keys_of_the_user_are_left_out() -> None:
    assert split_front("---\na: {b: c}\nd: [1, [2]]\ne: f\n---\nrest") == ({"e": "f"}, "rest")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("facts", CARDS.values(), ids=CARDS)
def test_no_word_on_the_page_is_a_tag_or_leads_to_a_script(facts: CardFacts) -> None:
    tags = Tags()
    tags.feed(render_card_page(facts))
    ours = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "strong", "code", "pre", "ul", "li", "a"}
    ours |= {"table", "thead", "tbody", "tr", "th", "td", "em"}
    assert {tag for tag, _ in tags.found} <= ours
    assert not [name for _, attributes in tags.found for name in attributes if name.startswith("on")]
    links = [attributes["href"] or "" for tag, attributes in tags.found if tag == "a"]
    assert all(link.startswith("https://") for link in links)
    assert "Content-Security-Policy" in render_card_page(facts)


def test_foreign_words_break_no_table_and_call_nobody() -> None:
    text = render_card(LIES)
    body = text.split("---\n", 2)[2]
    # The user's own Markdown stands as it is; nothing else of it does.
    ours = body.replace("<img src=x onerror=alert(1)>", "").replace("<script>alert(2)</script>", "")
    outside = re.sub(r"`[^`]*`", "", ours)
    assert not re.search(r"(?<!\\)<(script|img)", outside)
    assert "@admin" not in outside
    assert "\u202e" not in text
    tables = [block for block in body.split("\n\n") if block.startswith("|")]
    for block in tables:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.split("\n")}
        assert len(widths) == 1, block
