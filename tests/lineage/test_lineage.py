"""Where a version comes from and what became of it: from logs written by hand."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import pytest

from mlops_ci.records.codec import decode
from mlops_ci.records.entry import Alias, VerdictReference
from mlops_ci.records.lineage import Lineage
from mlops_ci.report.lineage import render_lineage
from mlops_ci.report.lineage_graph import render_lineage_graph
from mlops_ci.report.why import why_text
from tests.conftest import Golden
from tests.lineage.stories import HAND, STORIES, Story, commit, first, told
from tests.parts.mermaid import Mermaid
from tests.report.reports import FIRST, PASSED, REFUSED
from tests.report.test_foreign_text import HOSTILE


def test_why_is_told_of_every_life(golden: Golden) -> None:
    texts = (f"{name}\n{textwrap.fill(why_text(told(name)), 100)}\n" for name in STORIES)
    golden("why.txt", "\n".join(texts))


def test_the_lineage_of_a_model_that_serves(golden: Golden) -> None:
    golden("lineage.txt", render_lineage(told("replaced, and serving"), width=80, colour=False))
    golden("lineage.md", render_lineage_graph(told("replaced, and serving")) + "\n")


@pytest.mark.parametrize("name", STORIES)
def test_every_life_fits_eighty_columns_and_ends_every_sentence(name: str) -> None:
    found = told(name)
    assert max(map(len, render_lineage(found, width=80, colour=False).splitlines())) <= 80
    assert why_text(found).endswith(".") and ".." not in why_text(found) and "None" not in why_text(found)


def test_an_alias_is_held_from_its_entry_to_that_of_the_next() -> None:
    [there] = told("rolled back").holdings
    assert (there.since.entry, there.until and there.until.entry, there.after) == (6, 7, 1)
    assert (there.before, there.verdict, there.after_reason) == (1, 5, "it crashed")
    earlier, again = told("rolled back to").holdings
    assert (earlier.until and earlier.until.entry, again.since.entry, again.until) == (6, 7, None)
    assert told("rolled back to").decided == 2


def test_who_went_back_did_not_do_so_on_a_verdict() -> None:
    found = told("rolled back to")
    assert "bob went back to it as champion from v2" in why_text(found)
    assert why_text(found).count("On that verdict it became champion") == 1
    assert "gone back to, by bob" in render_lineage(found, width=80, colour=False).replace("\n", "").replace("  ", " ")


def test_who_promotes_by_hand_what_has_passed_did_not_do_so_on_the_verdict() -> None:
    found = told("promoted by hand, after it passed")
    assert "bob made it champion by hand in place of v1" in why_text(found)
    assert "On that verdict" not in why_text(found)
    assert "by hand, by bob" in render_lineage(found, width=80, colour=False).replace("\n", "").replace("  ", " ")


def test_a_verdict_decides_where_ci_moved_an_alias_on_it_and_not_where_a_person_did() -> None:
    story = Story()
    on = by_hand_on_an_older_verdict(story)
    assert story.told(2).decided == on + 1  # the newest
    story.add(Alias("anchor", 2, None, commit(2).sha, VerdictReference(on, "x", "pass"), by_hand=False))
    assert story.told(2).decided == on
    assert "this verdict moved an alias to it first" in why_text(story.told(2))


def by_hand_on_an_older_verdict(story: Story) -> int:
    first(story)
    story.register(2)
    on = story.judge(2, PASSED, 1)
    story.judge(2, REFUSED, 1)
    story.add(Alias("champion", 2, 1, commit(2).sha, on, by_hand=True), HAND)
    return on.seq


def test_an_entry_that_does_not_say_who_decided_was_on_its_verdict_if_it_has_one() -> None:
    data = b'{"alias":"champion","version":1,"expect":null,"verdict":{"seq":2,"candidate":"x","outcome":"pass"}}'
    body = decode(data, Alias, where="an entry of long ago")
    for verdict, by_hand in ((body.verdict, False), (None, True)):
        story = Story()
        story.register(1)
        story.judge(1, FIRST)
        story.add(replace(body, verdict=verdict))
        [holding] = story.told(1).holdings
        assert holding.by_hand == by_hand


def test_what_nobody_s_ci_has_run_answers_no_event() -> None:
    shown = render_lineage(replace(told("refused"), host="local"), width=80, colour=False)
    assert "none: run outside CI" in shown
    assert "none: run outside CI" not in render_lineage(told("refused"), width=80, colour=False)


def test_nothing_is_said_of_when_no_data_was_read() -> None:
    found = replace(told("refused"), datasets=(), data_time="2026-01-02T03:00:00+00:00")
    assert "Its project names no datasets. On 2026" in why_text(found)


def test_an_alias_moved_for_another_commit_of_the_same_version_goes_on() -> None:
    story = Story()
    first(story)
    story.add(Alias("champion", 1, 1, commit(5).sha), HAND)
    [holding] = story.told(1).holdings
    assert (holding.since.entry, holding.until) == (3, None)


def test_what_other_versions_and_aliases_do_changes_nothing() -> None:
    story = Story()
    first(story)
    before = story.told(1)
    story.register(2)
    story.judge(2, told("refused").judged[0].verdict, 1)
    story.add(Alias("anchor", 2, None), HAND)
    after = story.told(1)
    assert (after.holdings, after.judged, after.links) == (before.holdings, before.judged, before.links)


def everywhere(text: str) -> Lineage:
    """A lineage with this text wherever a text can come from outside."""
    found = told("promoted by hand")
    source = found.source and replace(found.source, author=text, message=text, branch=text, repository=text)
    return replace(
        found,
        model=text,
        source=source,
        imported="mlflow",
        tags={"mlflow.version": text},
        datasets=tuple(replace(use, name=text, path=text) for use in found.datasets),
        holdings=tuple(replace(one, alias=text, reason=text) for one in found.holdings),
        params={text: text},
        notes=(text,),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_stays_within_its_line_and_label(text: str) -> None:
    hostile = everywhere(text)
    shown = (render_lineage(hostile, width=80, colour=False) + why_text(hostile)).replace("\n", "")
    assert not any(letter < " " or "\x7f" <= letter <= "\x9f" or "\u202a" <= letter <= "\u202e" for letter in shown)
    graph, plain = render_lineage_graph(hostile), render_lineage_graph(everywhere("plain"))
    assert len(graph.splitlines()) == len(plain.splitlines())
    assert (graph.count('"'), graph.count("`"), graph.count("[")) == (plain.count('"'), 6, plain.count("["))


def test_mermaid_itself_understands_the_graphs(mermaid: Mermaid) -> None:
    found = [told("replaced, and serving"), told("trained elsewhere"), told("deleted"), *map(everywhere, HOSTILE)]
    diagrams = [render_lineage_graph(one).removeprefix("```mermaid\n").removesuffix("\n```") for one in found]
    assert set(mermaid(diagrams)) == {"ok"}
