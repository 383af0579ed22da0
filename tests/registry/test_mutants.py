"""Registries with one defence taken out: the checks that the other tests rest on must fail for each."""

from __future__ import annotations

import inspect
import threading
import time
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlops_ci.errors import IntegrityError
from mlops_ci.records.entry import Body
from mlops_ci.registry import promote
from mlops_ci.registry.model_log import Decide, ModelLog
from mlops_ci.registry.register import register
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.durable_files import DurableFiles
from mlops_ci.workspace.local import LocalStore
from tests.registry.conftest import Make
from tests.registry.interloper import InterloperStore
from tests.registry.making import open_log, registration, require_whole, sha
from tests.registry.test_promotion import require_fresh_baseline, require_judged_bytes

WRITERS = 6


class RenamingFiles(DurableFiles):
    """Looks whether the slot is free, and then renames, which overwrites."""

    def _link(self, temporary: str, target: str) -> bool:
        if Path(target).exists():
            return False
        time.sleep(0.001)
        Path(temporary).replace(target)
        return True


class RenamingStore(LocalStore):
    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._files = RenamingFiles(root)


def require_acknowledged_versions(open_store: Callable[[], LocalStore], sources: Path) -> None:
    """Let threads register at once, and look for what each was told."""
    barrier = threading.Barrier(WRITERS)
    requests = [[registration(sources, sha((w, n)), f"{w}.{n}") for n in range(5)] for w in range(WRITERS)]

    def work(writer: int) -> list[tuple[str, int]]:
        log = open_log(open_store())
        barrier.wait()
        return [(r.fingerprint, register(log, r).version.version) for r in requests[writer]]

    with ThreadPoolExecutor(WRITERS) as pool:
        acknowledged = [each for told in pool.map(work, range(WRITERS)) for each in told]
    state = require_whole(open_store())
    assert dict(acknowledged) == {version.fingerprint: number for number, version in state.versions.items()}


def test_threads_find_what_they_were_told(tmp_path: Path) -> None:
    require_acknowledged_versions(lambda: LocalStore(tmp_path / "workspace"), tmp_path / "sources")


def test_a_store_that_renames_instead_of_linking_is_caught(tmp_path: Path) -> None:
    with pytest.raises((AssertionError, IntegrityError)):
        require_acknowledged_versions(lambda: RenamingStore(tmp_path / "workspace"), tmp_path / "sources")


def _promotion(replaced: dict[str, str]) -> types.ModuleType:
    """A copy of ``promote.py`` with pieces of its source replaced."""
    source = inspect.getsource(promote)
    for old, new in replaced.items():
        assert source.count(old) == 1, "the mutant has to follow the code"
        source = source.replace(old, new)
    mutant = types.ModuleType(promote.__name__)
    exec(compile(source, "mutant", "exec"), mutant.__dict__)
    mutant.__dict__["BaselineMovedError"] = promote.BaselineMovedError
    return mutant


@pytest.fixture
def check(make: Make) -> Callable[[types.ModuleType], None]:
    def check(module: types.ModuleType) -> None:
        for require in (require_judged_bytes, require_fresh_baseline):
            require(InterloperStore(), make, module.promote_judged)

    return check


Check = Callable[[types.ModuleType], None]


def test_an_unchanged_copy_passes(check: Check) -> None:
    check(_promotion({}))


def test_an_alias_that_moves_without_a_look_at_the_judged_digest_is_caught(check: Check) -> None:
    with pytest.raises((AssertionError, IntegrityError)):
        check(_promotion({"request.verdict.candidate != candidate.digest or ": ""}))


def test_an_alias_that_moves_without_a_look_at_the_baseline_is_caught(check: Check) -> None:
    expected = "(current.version if current else None) != request.expect"
    with pytest.raises((AssertionError, IntegrityError)):
        check(_promotion({expected: "False"}))


def test_an_alias_that_states_as_expected_whatever_it_finds_is_caught(check: Check) -> None:
    replaced = {
        "(current.version if current else None) != request.expect": "False",
        "expect=request.expect": "expect=current.version if current else None",
    }
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        check(_promotion(replaced))


class HastyLog(ModelLog):
    """Checks the preconditions once, and after a lost race only writes again."""

    def append(self, decide: Decide) -> ModelState:
        decided: list[Body | None] = []

        def once(state: ModelState) -> Body | None:
            if not decided:
                decided.append(decide(state))
            return decided[0]

        return super().append(once)


def test_a_log_that_does_not_check_again_after_a_lost_race_is_caught(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.registry.making.ModelLog", HastyLog)
    with pytest.raises((AssertionError, IntegrityError)):
        check(promote)
