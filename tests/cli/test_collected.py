"""``collected``, and what ``workspace`` says of what is collected."""

from __future__ import annotations

from mlops_ci.workspace.collected_layout import segment_key
from mlops_ci.workspace.local import LocalStore
from tests.serving.collected import request, send
from tests.support.lab import Lab


def test_segments_are_listed_and_become_tables(lab: Lab) -> None:
    assert lab.run("workspace", "init").code == 0
    store = LocalStore(lab.folder / ".mlops")
    assert lab.run("collected", "list").out == "nothing is collected\n"
    send(store, [request("a", rows=2), request("b")])
    (found,) = lab.run("collected", "list", "--json").json
    assert (found["model"], found["segments"], found["requests"], found["tables"]) == ("coin", 1, 2, 0)
    done = lab.run("collected", "compact", "coin")
    assert (done.code, done.out) == (0, "1 segments read, 3 rows written to 1 tables\n")
    assert lab.run("collected", "compact", "coin", "--json").json["rows"] == 0
    (found,) = lab.run("collected", "list", "coin", "--json").json
    assert (found["segments"], found["days"], found["first"]) == (0, 1, "2026-03-01")
    assert "collected" in lab.run("workspace", "info").out


def test_a_damaged_segment_is_a_warning(lab: Lab) -> None:
    lab.run("workspace", "init")
    store = LocalStore(lab.folder / ".mlops")
    key = segment_key("coin", send(store, [request("a")]))
    store.put(key, b"damaged")
    checked = lab.run("workspace", "check", "--read-data")
    assert (checked.code, key in checked.out) == (0, True)
    done = lab.run("collected", "compact", "coin")
    assert done.code == 0
    assert done.err.startswith("warning: a segment of collected requests is damaged; ")
    assert done.out.endswith("1 damaged segments were set aside\n")


def test_a_name_that_no_model_can_have_is_refused(lab: Lab) -> None:
    lab.run("workspace", "init")
    assert lab.run("collected", "compact", "../x").code == 2
