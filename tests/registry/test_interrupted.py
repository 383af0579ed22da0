"""A log that goes on to be used after a signal, as in a notebook."""

from __future__ import annotations

import pytest

from mlops_ci.registry import model_log
from mlops_ci.registry.fold import Examined, apply
from mlops_ci.registry.register import register
from mlops_ci.registry.state import ModelState
from mlops_ci.registry.tags import set_tags
from tests.registry.conftest import Make
from tests.registry.making import open_log, require_whole, sha
from tests.workspace.memory import MemoryStore


@pytest.mark.parametrize("applied", [False, True])
def test_what_was_interrupted_after_an_entry_was_written_is_read_again(
    applied: bool, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    log = open_log(store)
    register(log, make(sha(1), "f1"))

    def interrupted(state: ModelState, examined: Examined) -> None:
        if applied:
            apply(state, examined)
        else:
            state.head = examined.entry.envelope.seq  # the first that it changes
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(model_log, "apply", interrupted)
        register(log, make(sha(2), "f2"))
    assert list(log.read().versions) == [1, 2]
    set_tags(log, 2, {"a": "b"})
    assert require_whole(store).versions == log.read().versions
