"""The registry in Python, as the README shows it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mlops_ci import Workspace
from mlops_ci.errors import ConflictError, IntegrityError, UsageError
from mlops_ci.lifecycle.compaction import compact
from mlops_ci.registry.delete import delete_version
from mlops_ci.registry.pins import format_pin, pin_of
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.register import register
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.layout import hint_key, log_key, objects_prefix
from mlops_ci.workspace.local import LocalStore
from tests.registry.making import open_log, registration, sha
from tests.serving.collected import request, send


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_CI_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """A model of three versions, of which the second is the champion, and another model."""
    store = LocalStore(tmp_path / "workspace")
    initialise(store)
    log = open_log(store, "delay")
    for number in (1, 2, 3):
        metrics = {"auc": 0.7 + number / 100, "lost": float("nan")}
        files = {"model.onnx": b"%d" % number, "labels/all.json": b"[]"}
        made = registration(
            tmp_path / "sources", sha(number), f"f{number}", files, metrics=metrics, params={"depth": number}
        )
        register(log, made)
    move_alias(log, "champion", 2, rollback=False, reason=None)
    set_tags(log, 1, {"team": "ops"})
    register(open_log(store, "other"), registration(tmp_path / "sources", None, "f"))
    return store


@pytest.fixture
def workspace(store: LocalStore) -> Workspace:
    return Workspace(store.url)


def test_a_champion_is_found_and_downloaded(workspace: Workspace, tmp_path: Path) -> None:
    champion = workspace.model("delay")["champion"]
    assert repr(champion) == "<delay v2 (champion)>"
    paths = champion.download(tmp_path / "out")
    assert [path.relative_to(tmp_path / "out").as_posix() for path in paths] == list(champion.files)
    assert (tmp_path / "out" / "model.onnx").read_bytes() == b"2"
    assert champion.download(str(tmp_path / "out")) == paths


def test_a_model_may_be_asked_by_several_threads(workspace: Workspace) -> None:
    asked = [
        lambda model: model["champion"].number == 2,
        lambda model: model[3].number == 3,
        lambda model: [version.number for version in model] == [1, 2, 3],
        lambda model: model.aliases() == {"champion": 2},
        lambda model: [entry["seq"] for entry in model.history()] == [1, 2, 3, 4, 5],
    ]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for _ in range(8):
            model = workspace.model("delay")
            with ThreadPoolExecutor(5) as pool:
                assert all(pool.map(lambda ask, model=model: ask(model), 2 * asked))
    finally:
        sys.setswitchinterval(interval)


def test_a_version_tells_plain_values(workspace: Workspace) -> None:
    version = workspace.model("delay")[1]
    assert (version.model, version.number, version.commit) == ("delay", 1, sha(1))
    assert (version.aliases, version.tags, version.params) == ((), {"team": "ops"}, {"depth": 1})
    assert version.metrics == {"auc": 0.71, "lost": None}
    assert version.created.startswith("2026-01-01T00:00:01")
    version.tags["team"] = "mine"
    assert version.tags == {"team": "ops"}


def test_models_versions_aliases_and_history(workspace: Workspace) -> None:
    assert workspace.models() == ["delay", "other"]
    model = workspace.model("delay")
    assert [version.number for version in model.versions()] == [1, 2, 3]
    assert model.aliases() == {"champion": 2}
    assert [entry["op"] for entry in model.history()] == ["register", "register", "register", "alias", "tag"]
    assert {model["v2"].number, model["2"].number, model[2].number, model[sha(2)].number, model[sha(2)[:9]].number} == {
        2
    }


def test_search(workspace: Workspace) -> None:
    def numbers(**terms: Any) -> list[int]:
        return [version.number for version in workspace.model("delay").search(**terms)]

    assert len(workspace.search()) == 4
    assert numbers() == [3, 2, 1]
    assert numbers(metrics="auc >= 0.72", sort="auc") == [2, 3]
    assert numbers(metrics=["auc >= 0.72", "auc < 0.73"]) == [2]
    assert numbers(tags={"team": "ops"}) == [1]
    assert numbers(alias="champion", commit=sha(2)[:4], text="LABELS", since="2026-01-01", limit=5) == [2]
    assert numbers(sort="-auc", limit=1) == [3]


@pytest.mark.parametrize(
    "terms",
    [
        {"model": "x"}, {"colour": "red"}, {"limit": "1"}, {"limit": 0}, {"limit": 1.5}, {"tags": ["a"]}, {"text": 7},
        {"metrics": "auc"}, {"metrics": 7}, {"commit": "xyz"}, {"commit": b"abcd"}, {"since": "yesterday"}, {"sort": 1},
    ],
    ids=str,
)  # fmt: skip
def test_what_makes_no_sense_is_a_usage_error(workspace: Workspace, terms: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        workspace.model("delay").search(**terms)


@pytest.mark.parametrize("selector", ["best", "v9", 0, -1, 1.5, None, True, "", "f" * 40, "../x", "champion@1"])
def test_an_unknown_selector_is_a_usage_error(workspace: Workspace, selector: Any) -> None:
    with pytest.raises(UsageError):
        workspace.model("delay")[selector]


def test_unknown_models_show_when_they_are_asked_for_something(workspace: Workspace) -> None:
    model = workspace.model("nothing")
    for ask in (model.versions, model.aliases, model.history, lambda: model["champion"]):
        with pytest.raises(UsageError, match="unknown model"):
            ask()


def test_there_has_to_be_a_workspace(tmp_path: Path) -> None:
    for url in (tmp_path / "nothing", "ftp://x"):
        with pytest.raises(UsageError):
            Workspace(url)
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(UsageError, match="not a pin"):
        Workspace(tmp_path, pins="x")


def test_errors_have_their_types(workspace: Workspace, store: LocalStore, tmp_path: Path) -> None:
    champion = workspace.model("delay")["champion"]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "model.onnx").write_bytes(b"mine")
    with pytest.raises(ConflictError):
        champion.download(tmp_path / "out")
    for item in list(store.list(objects_prefix("delay"))):
        store.put(item.key, b"?")
    with pytest.raises(IntegrityError):
        champion.download(tmp_path / "clean")


def test_a_workspace_that_was_rolled_back_behind_a_pin_is_refused(store: LocalStore) -> None:
    pin = pin_of(open_log(store, "delay").read())
    assert pin is not None
    pinned = Workspace(store.url, pins=format_pin(pin))
    assert pinned.model("delay")["champion"].number == 2
    assert len(pinned.search()) == 4
    store.delete(log_key("delay", 5))
    store.delete(hint_key("delay"))
    assert Workspace(store.url).model("delay")["champion"].number == 2
    model = Workspace(store.url, pins=format_pin(pin)).model("delay")
    asks: list[Any] = [model.versions, model.aliases, model.history, model.search, pinned.search, lambda: model[2]]
    for ask in asks:
        with pytest.raises(IntegrityError, match="rolled back"):
            ask()


def test_a_model_sees_what_was_written_since(workspace: Workspace, store: LocalStore) -> None:
    model = workspace.model("delay")
    assert len(model.versions()) == 3
    delete_version(open_log(store, "delay"), 3)
    move_alias(open_log(store, "delay"), "champion", 1, rollback=True, reason=None)
    assert (len(model.versions()), model["champion"].number) == (2, 1)
    with pytest.raises(UsageError, match="v3 was deleted"):
        model[3]


def test_reading_writes_nothing_to_the_workspace(workspace: Workspace, store: LocalStore, tmp_path: Path) -> None:
    before = {item.key: (item.size, item.modified) for item in store.list("")}
    model = workspace.model("delay")
    model.versions(), list(model.history()), model.search(), model["champion"].download(tmp_path / "out")
    assert {item.key: (item.size, item.modified) for item in store.list("")} == before


def test_importing_the_package_is_light() -> None:
    heavy = {"msgspec", "sqlite3", "click", "requests", "obstore", "yaml", "git"}
    code = f"import mlops_ci, sys; print(sorted({{n.partition('.')[0] for n in sys.modules}} & {heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_model_knows_what_it_has(workspace: Workspace) -> None:
    model = workspace.model(workspace.models()[0])
    assert [version.number for version in model] == [version.number for version in model.versions()]
    assert 1 in model
    assert "v999" not in model
    assert "nobody" not in model


def test_collected_requests_are_a_table(store: LocalStore) -> None:
    assert Workspace(store.url).collected("coin").height == 0
    send(store, [request("a", rows=2)])
    compact(store, "coin", print)
    assert Workspace(store.url).collected("coin")["prediction"].to_list() == ["heads", "heads"]
