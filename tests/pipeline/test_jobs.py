"""The job matrix: every step that must run, once, after what it needs, on the runner that it wants."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.pipeline.jobs import planned_jobs
from mlops_ci.project.graph import dependencies
from mlops_ci.project.project import Output, Step
from mlops_ci.records.plan import PlannedJob


def step(name: str, *needs: str, runs_on: str | None = None) -> Step:
    inputs = tuple(f"out/{other}" for other in needs)
    return Step(name, "true", inputs, (), (), (), None, (Output(f"out/{name}", store=False),), runs_on)


PIPELINE = (
    step("prepare"),
    step("train", "prepare", runs_on="gpu"),
    step("embed", "prepare", runs_on="gpu"),
    step("check", "prepare"),
    step("evaluate", "train", "embed", "check"),
)


def test_steps_of_one_runner_share_a_job_as_far_as_their_order_allows() -> None:
    everything = {one.name for one in PIPELINE}
    assert planned_jobs(PIPELINE, everything) == (
        PlannedJob("prepare, check", None, ("prepare", "check")),
        PlannedJob("train, embed", "gpu", ("train", "embed")),
        PlannedJob("evaluate", None, ("evaluate",)),
    )


def test_what_is_reused_has_no_job() -> None:
    assert planned_jobs(PIPELINE, {"train", "evaluate"}) == (
        PlannedJob("train", "gpu", ("train",)),
        PlannedJob("evaluate", None, ("evaluate",)),
    )
    assert planned_jobs(PIPELINE, ()) == ()


def test_what_is_reused_still_keeps_the_order_of_those_around_it() -> None:
    chain = (step("a"), step("b", "a", runs_on="gpu"), step("c", "b"), step("d", "c"))
    assert [job.steps for job in planned_jobs(chain, {"a", "b", "d"})] == [("a",), ("b",), ("d",)]


@st.composite
def pipelines(draw: st.DrawFn) -> tuple[Step, ...]:
    steps: list[Step] = []
    for number in range(draw(st.integers(0, 7))):
        needs = draw(st.sets(st.sampled_from([one.name for one in steps]))) if steps else set()
        steps.append(step(f"s{number}", *sorted(needs), runs_on=draw(st.sampled_from([None, "gpu", "big"]))))
    return tuple(steps)


@given(pipeline=pipelines(), data=st.data())
def test_every_needed_step_runs_once_after_what_it_needs(pipeline: tuple[Step, ...], data: st.DataObject) -> None:
    needed = {one.name for one in pipeline if data.draw(st.booleans())}
    jobs = planned_jobs(pipeline, needed)
    order = [name for job in jobs for name in job.steps]
    assert sorted(order) == sorted(needed)
    before = dependencies(pipeline)
    runners = {one.name: one.runs_on for one in pipeline}

    def ancestors(name: str) -> set[str]:
        return {other for near in before[name] for other in {near, *ancestors(near)}}

    for job in jobs:
        assert job.steps
        assert {runners[name] for name in job.steps} == {job.runs_on}
    for name in order:
        assert all(order.index(other) < order.index(name) for other in ancestors(name) & needed)
