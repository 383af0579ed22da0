"""Requests are computed together only while the model is busy."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import numpy as np
import pytest

from mlops_ci.records.conversion import InputTensor, OutputTensor
from mlops_ci.records.serving import ServedModel, ServeSettings
from mlops_ci.serving.batching import Lane, Room
from mlops_ci.serving.contracts import RequestError, Tensors


class GatedModel:
    """Doubles numbers, one batch each time the gate is opened; a negative number makes it fail."""

    model = ServedModel("gated", "onnx")
    inputs = (InputTensor("x", "float32", (None, 1)),)
    outputs = (OutputTensor("y", "value", "float32", (None, 1)),)

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.entered = threading.Semaphore(0)
        self.batches: list[int] = []

    def predict(self, tensors: Tensors) -> Tensors:
        self.entered.release()
        assert self.gate.acquire(timeout=20)
        self.batches.append(len(tensors["x"]))
        if (tensors["x"] < 0).any():
            raise ValueError("a negative number")
        return {"y": tensors["x"] * 2}


def rows(*values: float) -> Tensors:
    return {"x": np.array(values, "float32").reshape(-1, 1)}


def lane_of(model: GatedModel, **settings: Any) -> tuple[Lane, list[int]]:
    waiting: list[int] = []
    settings = {"queue": 100, "timeout": 20.0, **settings}
    made = ServeSettings(**settings)
    return Lane(model, Room(made.queue, waiting.append), made, lambda _: None), waiting


async def ask(lane: Lane, *values: float) -> Any:
    return (await lane.compute(rows(*values), len(values)))["y"].reshape(-1).tolist()


async def begun(model: GatedModel) -> None:
    assert await asyncio.to_thread(model.entered.acquire, timeout=20)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_what_waits_for_a_busy_model_is_computed_together_and_answered_apart() -> None:
    async def story() -> None:
        model = GatedModel()
        lane, waiting = lane_of(model)
        first = asyncio.create_task(ask(lane, 1))
        await begun(model)
        others = [asyncio.create_task(ask(lane, *values)) for values in ((2, 3), (4,), (5, 6, 7))]
        await settled()
        assert waiting[-1] == 3
        model.gate.release(2)
        assert [await first, *[await other for other in others]] == [[2], [4, 6], [8], [10, 12, 14]]
        assert model.batches == [1, 6]
        assert waiting[-1] == 0

    asyncio.run(story())


def test_a_batch_has_no_more_rows_than_it_may() -> None:
    async def story() -> None:
        model = GatedModel()
        lane, _ = lane_of(model, batch_rows=3)
        tasks = [asyncio.create_task(ask(lane, 1))]
        await begun(model)
        tasks += [asyncio.create_task(ask(lane, *values)) for values in ((2, 3), (4,), (5,), (6, 7, 8, 9))]
        await settled()
        model.gate.release(10)
        await asyncio.gather(*tasks)
        assert model.batches == [1, 3, 1, 4]

    asyncio.run(story())


def test_a_request_that_makes_the_model_fail_takes_no_other_with_it() -> None:
    async def story() -> None:
        model = GatedModel()
        lane, _ = lane_of(model)
        first = asyncio.create_task(ask(lane, 1))
        await begun(model)
        good, bad = asyncio.create_task(ask(lane, 2)), asyncio.create_task(ask(lane, -1))
        await settled()
        model.gate.release(10)
        assert [await first, await good] == [[2], [4]]
        with pytest.raises(ValueError, match="negative"):
            await bad

    asyncio.run(story())


def test_what_cannot_be_put_together_is_computed_apart_and_the_model_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(arrays: object) -> None:
        raise MemoryError

    async def story() -> None:
        model = GatedModel()
        lane, _ = lane_of(model)
        first = asyncio.create_task(ask(lane, 1))
        await begun(model)
        others = [asyncio.create_task(ask(lane, value)) for value in (2, 3)]
        await settled()
        monkeypatch.setattr(np, "concatenate", no_memory)
        model.gate.release(4)
        async with asyncio.timeout(20):
            assert [await first, *[await other for other in others]] == [[2], [4], [6]]
            assert await ask(lane, 4) == [8]

    asyncio.run(story())


def test_a_full_queue_refuses_with_the_time_to_come_again() -> None:
    async def story() -> None:
        model = GatedModel()
        lane, _ = lane_of(model, queue=1)
        first = asyncio.create_task(ask(lane, 1))
        await begun(model)
        second = asyncio.create_task(ask(lane, 2))
        await settled()
        with pytest.raises(RequestError) as caught:
            await lane.compute(rows(3), 1)
        assert (caught.value.status, caught.value.headers) == (503, ((b"retry-after", b"1"),))
        model.gate.release(10)
        assert [await first, await second] == [[2], [4]]

    asyncio.run(story())


def test_what_has_not_begun_in_time_is_never_computed() -> None:
    async def story() -> None:
        model = GatedModel()
        lane, waiting = lane_of(model, timeout=0.05)
        tasks = [asyncio.create_task(ask(lane, 1))]
        await begun(model)
        tasks.append(asyncio.create_task(ask(lane, 2, 3)))
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [getattr(one, "status", None) for one in done] == [504, 504]
        model.gate.release(10)
        again = lane_of(model)[0]
        assert await ask(again, 4) == [8]
        await settled()
        assert 2 not in model.batches
        assert waiting[-1] <= 1

    asyncio.run(story())


def test_a_quick_and_idle_model_computes_at_once() -> None:
    async def story() -> None:
        model = GatedModel()
        lane, _ = lane_of(model)
        assert lane.at_once(rows(1), 1) is None, "nobody knows how long it takes"
        model.gate.release(100)
        lane.warm_up(rows(1))
        answer = lane.at_once(rows(3), 1)
        assert answer is not None
        assert answer["y"].tolist() == [[6]]
        assert await ask(lane, 4) == [8], "in the loop, too"
        assert model.batches[-2:] == [1, 1]

    asyncio.run(story())


class TimedModel(GatedModel):
    """Takes as long as it is told to, by clocks of its own: that on the wall, and that of the thread."""

    def __init__(self) -> None:
        super().__init__()
        self.gate.release(10_000)
        self.wall = self.thread = 0.0
        self.waits = self.takes = 0.0

    def predict(self, tensors: Tensors) -> Tensors:
        self.wall += self.takes + self.waits
        self.thread += self.takes
        return super().predict(tensors)

    def perf_counter(self) -> float:
        return self.wall

    def thread_time(self) -> float:
        return self.thread


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> TimedModel:
    model = TimedModel()
    monkeypatch.setattr("mlops_ci.serving.batching.time", model)
    return model


def at_once(lane: Lane, calls: int) -> int:
    """How many calls in a row it computes at once."""
    return next((done for done in range(calls) if lane.at_once(rows(1), 1) is None), calls)


def test_a_quick_model_on_a_busy_machine_stays_a_quick_one(timed: TimedModel) -> None:
    lane, _ = lane_of(timed)
    lane.warm_up(rows(1))
    timed.takes, timed.waits = 0.0004, 0.2
    assert at_once(lane, 500) == 500


def test_a_model_that_becomes_slow_is_handed_to_the_thread(timed: TimedModel) -> None:
    lane, _ = lane_of(timed)
    lane.warm_up(rows(1))
    assert at_once(lane, 500) == 500
    timed.takes = 0.05
    assert at_once(lane, 500) == 2, "one to wonder, and one to see"


def test_a_model_of_which_every_tenth_call_is_slow_is_handed_to_the_thread(timed: TimedModel) -> None:
    lane, _ = lane_of(timed)
    lane.warm_up(rows(1))
    for _ in range(2):
        timed.takes = 0.05
        assert at_once(lane, 1) == 1
        timed.takes = 0.0
        assert at_once(lane, 9) in (9, 0)
    assert at_once(lane, 1) == 0


def test_a_busy_model_computes_nothing_at_once() -> None:
    async def story() -> None:
        model = GatedModel()
        lane, _ = lane_of(model)
        busy = asyncio.create_task(ask(lane, 1))
        await begun(model)
        assert lane.at_once(rows(3), 1) is None
        model.gate.release(10)
        await busy

    asyncio.run(story())
