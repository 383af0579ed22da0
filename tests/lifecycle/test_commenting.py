"""Many jobs write to one comment."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.errors import ConflictError, OutcomeUnknownError
from mlops_ci.hosts.reviews import Posted
from mlops_ci.lifecycle.commenting import converge
from mlops_ci.records.report import CiOutcome
from mlops_ci.report.comment import render_comment
from mlops_ci.report.section import Section, merge, parse_comment, part
from tests.parts.need import soak
from tests.support.conversation import Clock, Comments, Crashed, Unreliable

REPOSITORY = "acme/ml"


def section(model: str, run: int, attempt: int = 1, outcome: CiOutcome = "passed", size: int = 1) -> Section:
    parts = (
        part("headline", f"### {model}: {outcome}"),
        part("why", f"run {run}.{attempt}"),
        part("details", "d" * size),
    )
    return Section(model, outcome, "3f2a91c", run, attempt, parts)


def put(comments: Comments, *sections: Section) -> None:
    converge(comments, REPOSITORY, sections, pause=lambda _: None)


def standing(comments: Comments) -> list[Section]:
    (body,) = comments.bodies.values()
    return parse_comment(body)


def test_the_first_run_posts_and_later_ones_update_in_place() -> None:
    comments = Comments()
    put(comments, section("coin", 1))
    put(comments, section("coin", 2))
    put(comments, section("dice", 3))
    assert comments.posts == 1
    assert standing(comments) == [section("coin", 2), section("dice", 3)]


def test_writing_the_same_again_writes_nothing() -> None:
    comments = Comments()
    put(comments, section("coin", 1))
    put(comments, section("coin", 1))
    assert comments.writes == 1


def test_an_older_run_does_not_overwrite_a_newer_one() -> None:
    comments = Comments()
    put(comments, section("coin", 7, attempt=2))
    put(comments, section("coin", 7, attempt=1))
    put(comments, section("coin", 6, attempt=9))
    assert standing(comments) == [section("coin", 7, attempt=2)] and comments.writes == 1


def test_duplicates_are_merged_into_the_oldest() -> None:
    comments = Comments()
    for one in (section("coin", 1), section("dice", 2), section("coin", 3)):
        comments.post(render_comment(REPOSITORY, [one], 60_000), resolved=True)
    put(comments, section("z", 1))
    assert list(comments.bodies) == [1]
    assert standing(comments) == [section("coin", 3), section("dice", 2), section("z", 1)]


def test_comments_about_other_repositories_and_of_others_stay() -> None:
    comments = Comments()
    comments.post("Looks good to me", resolved=True)
    comments.post(render_comment("acme/other", [section("coin", 1)], 60_000), resolved=True)
    put(comments, section("coin", 2))
    assert len(comments.bodies) == 3


def test_a_comment_that_people_have_damaged_is_written_anew() -> None:
    comments = Comments()
    put(comments, section("coin", 1), section("dice", 1))
    comments.bodies[1] = comments.bodies[1].replace("<!-- end of section -->", "", 1) + "\nI was here"
    put(comments, section("z", 2))
    assert standing(comments) == [section("dice", 1), section("z", 2)]
    assert "I was here" not in comments.bodies[1]


@pytest.mark.parametrize(("outcomes", "resolved"), [
    (["passed"], True), (["promoted", "unchanged", "superseded"], True), (["passed", "refused"], False),
    (["inconclusive"], False),
])  # fmt: skip
def test_it_is_resolved_unless_a_model_asks_for_something(outcomes: list[CiOutcome], resolved: bool) -> None:
    comments = Comments()
    put(comments, *(section(f"m{number}", 1, outcome=outcome) for number, outcome in enumerate(outcomes)))
    assert comments.resolved[1] is resolved


def test_two_sections_that_do_not_fit_together_settle() -> None:
    comments = Comments(limit=1500)
    put(comments, section("coin", 1, size=900))
    put(comments, section("dice", 2, size=900))
    writes = comments.writes
    put(comments, section("coin", 1, size=900))
    assert [item.model for item in standing(comments)] == ["coin", "dice"]
    assert comments.writes <= writes + 1


class Rewriting(Comments):
    """Gives back another text than it was given, as a host that tidies up."""

    def ours(self, marker: str) -> list[Posted]:
        return [
            Posted(posted.id, posted.body.replace("run 1", "Run 1").replace("run 2", "Run 2"))
            for posted in super().ours(marker)
        ]


def test_a_host_that_changes_our_words_ends_no_loop() -> None:
    comments = Rewriting()
    put(comments, section("coin", 1))
    put(comments, section("coin", 2))
    assert comments.writes == 2


class Deleting(Comments):
    """Somebody deletes the comment between our look and our write."""

    gone = False

    def update(self, comment: str, body: Callable[[], str], *, resolved: bool) -> None:
        if not self.gone:
            self.gone = True
            self.bodies.clear()
        super().update(comment, body, resolved=resolved)


def test_a_comment_that_is_deleted_meanwhile_is_posted_again() -> None:
    comments = Deleting()
    put(comments, section("coin", 1))
    put(comments, section("dice", 2))
    assert standing(comments) == [section("coin", 1), section("dice", 2)] and comments.posts == 2


class Waiting(Comments):
    """An update has to wait for its turn, and meanwhile another job writes its section."""

    def update(self, comment: str, body: Callable[[], str], *, resolved: bool) -> None:
        if section("z", 9) not in parse_comment(self.bodies[int(comment)]):
            body()  # this attempt came too early
            there = parse_comment(self.bodies[int(comment)])
            self.bodies[int(comment)] = render_comment(REPOSITORY, merge(there, [section("z", 9)]), self.limit)
        super().update(comment, body, resolved=resolved)


def test_an_update_that_has_to_wait_brings_no_old_text() -> None:
    comments = Waiting()
    put(comments, section("coin", 1))
    put(comments, section("dice", 2))
    assert [each.model for each in standing(comments)] == ["coin", "dice", "z"]


class Closing(Comments):
    """Another job closes the thread for what it has read, after we have opened it."""

    closed = False

    def ours(self, marker: str) -> list[Posted]:
        return [replace(posted, resolved=self.resolved[int(posted.id)]) for posted in super().ours(marker)]

    def update(self, comment: str, body: Callable[[], str], *, resolved: bool) -> None:
        super().update(comment, body, resolved=resolved)
        if not self.closed:
            self.closed = self.resolved[int(comment)] = True


def test_a_thread_that_another_job_has_closed_meanwhile_is_opened_again() -> None:
    comments = Closing()
    put(comments, section("coin", 1))
    put(comments, section("coin", 2, outcome="refused"))
    assert comments.resolved == {1: False}


class Forgetful(Comments):
    """Carries out a new comment, or not, and never says so."""

    def __init__(self, *, does: int) -> None:
        super().__init__()
        self.does = does
        self.asked = 0

    def post(self, body: str, *, resolved: bool) -> Posted:
        self.asked += 1
        if self.asked == self.does:
            super().post(body, resolved=resolved)
        raise OutcomeUnknownError("it is not known whether the request was carried out")


@pytest.mark.parametrize("does", [1, 2, 3])
def test_after_a_lost_reply_it_looks_before_it_posts_again(does: int) -> None:
    comments = Forgetful(does=does)
    put(comments, section("coin", 1))
    assert comments.posts == 1 and comments.asked == does


def test_what_stays_unknown_is_said() -> None:
    with pytest.raises(OutcomeUnknownError):
        put(Forgetful(does=0), section("coin", 1))


class Quarrelsome(Comments):
    """Somebody else writes a newer section after each of our writes."""

    def update(self, comment: str, body: Callable[[], str], *, resolved: bool) -> None:
        newer = section("dice", self.writes + 1)
        super().update(comment, lambda: render_comment(REPOSITORY, [newer], self.limit), resolved=resolved)


def test_an_endless_quarrel_ends() -> None:
    comments = Quarrelsome()
    comments.post(render_comment(REPOSITORY, [section("dice", 1)], 60_000), resolved=True)
    with pytest.raises(ConflictError):
        put(comments, section("coin", 1))


class Refusing(Comments):
    def post(self, body: str, *, resolved: bool) -> Posted:
        raise ResponseError("the host answered 404", status=404, document={}, headers={})


def test_a_refusal_is_no_reason_to_try_again() -> None:
    with pytest.raises(ResponseError):
        put(Refusing(), section("coin", 1))


def scenario(seed: int) -> None:
    """Two to four jobs at the same time, some killed, replies lost; those killed run again in the end."""
    chance = random.Random(seed)
    comments, clock = Comments(limit=chance.choice([60_000, 1_100])), Clock()
    jobs = [
        section(chance.choice(["coin", "dice", "z"]), chance.randint(1, 4), chance.randint(1, 2), size=100 * number + 1)
        for number in range(chance.randint(2, 4))
    ]
    if chance.random() < 0.5:
        comments.post(render_comment(REPOSITORY, [section("coin", 0)], 60_000), resolved=True)
    killed: list[Section] = []

    def work(job: Section) -> None:
        clock.sleep(chance.uniform(0, 3))
        met = Unreliable(comments, clock, chance, faults=chance.choice([0.0, 0.0, 0.1, 0.3]))
        try:
            converge(met, REPOSITORY, [job], pause=clock.sleep)
        except (Crashed, OutcomeUnknownError):
            killed.append(job)

    clock.run([partial(work, job) for job in jobs])
    expected = merge(jobs)
    for job in killed:
        put(comments, job)
    found = {item.model: item.moment for item in standing(comments)}
    assert {item.model: item.moment for item in expected}.items() <= found.items(), f"seed {seed}"


@pytest.mark.parametrize("block", range(4))
def test_in_the_end_one_comment_has_the_newest_section_of_each_model(block: int) -> None:
    rounds = soak(100, 2000)
    for seed in range(block * rounds, (block + 1) * rounds):
        scenario(seed)


@settings(max_examples=30, deadline=None)
@given(st.integers(min_value=10**6, max_value=10**9))
def test_in_the_end_one_comment_whatever_the_schedule(seed: int) -> None:
    scenario(seed)
