from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.project.graph import dependencies, makes, ordered, upstream
from mlops_ci.project.paths import contains, escapes, normalise
from mlops_ci.project.project import Output, Step


def step(name: str, *, reads: tuple[str, ...] | None = (), writes: tuple[str, ...] = ()) -> Step:
    outputs = tuple(Output(path, store=False) for path in writes)
    return Step(name, run="x", inputs=reads, data=(), params=(), env=(), timeout=None, outputs=outputs)


PREPARE = step("prepare", writes=("data/train.csv", "data/test.csv"))
TRAIN = step("train", reads=("train.py", "data/train.csv"), writes=("model",))
EVALUATE = step("evaluate", reads=("model/weights.bin", "data/test.csv"), writes=("scores.csv",))
REPORT = step("report", reads=("data",), writes=("report.html",))


def test_steps_are_ordered_by_who_reads_what_whom_writes() -> None:
    names = [found.name for found in ordered([EVALUATE, TRAIN, PREPARE])]
    assert names == ["prepare", "train", "evaluate"]


def test_a_folder_that_a_step_writes_gives_all_that_is_in_it() -> None:
    assert dependencies([EVALUATE, TRAIN, PREPARE])["evaluate"] == ("train", "prepare")


def test_reading_a_folder_waits_for_whoever_writes_into_it() -> None:
    assert dependencies([REPORT, TRAIN, PREPARE])["report"] == ("prepare",)


def test_a_name_that_only_starts_alike_is_another_path() -> None:
    assert not makes(TRAIN, "model2") and not makes(TRAIN, "models/x") and makes(TRAIN, "model/x")


def test_a_step_without_declared_inputs_waits_for_nobody() -> None:
    assert dependencies([step("all", reads=None, writes=("x",)), PREPARE])["all"] == ()


def test_upstream_is_what_is_needed_and_no_more() -> None:
    steps = [REPORT, EVALUATE, TRAIN, PREPARE]
    assert [found.name for found in upstream(steps, ["train"])] == ["prepare", "train"]
    assert [found.name for found in upstream(steps, ["evaluate"])] == ["prepare", "train", "evaluate"]
    assert upstream(steps, []) == ()


def test_a_circle_is_named() -> None:
    one, two = step("one", reads=("b",), writes=("a",)), step("two", reads=("a",), writes=("b",))
    with pytest.raises(ValueError, match=r"one → two → one|two → one → two"):
        ordered([one, two, PREPARE])


@given(st.permutations([PREPARE, TRAIN, EVALUATE, REPORT]))
def test_no_step_comes_before_what_it_needs(steps: list[Step]) -> None:
    before = dependencies(steps)
    done: set[str] = set()
    for found in ordered(steps):
        assert set(before[found.name]) <= done
        done.add(found.name)
    assert done == set(before)


@pytest.mark.parametrize(
    ("path", "plain"), [("./a", "a"), ("a//b/", "a/b"), ("a/../b", "b"), (".", "."), ("a/..", "."), ("../a", "../a")]
)
def test_paths_are_written_in_one_way(path: str, plain: str) -> None:
    assert normalise(path) == plain


def test_a_path_escapes_only_through_its_parent() -> None:
    assert [path for path in ("a", "..", "../a", "/a", "..a", "a/b", ".") if escapes(path)] == ["..", "../a", "/a"]


def test_a_folder_contains_itself_and_what_is_below() -> None:
    assert contains("a", "a") and contains("a", "a/b") and contains(".", "a")
    assert not contains("a", "ab") and not contains("a/b", "a")
