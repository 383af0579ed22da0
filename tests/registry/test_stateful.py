"""The registry against a plain model of what it should be, in random sequences of operations.

1,500 operations; with ``MLOPS_CI_SOAK=1`` 14,000. Checkpoints are of four entries, three of which make a larger one.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mlops_ci.errors import ConflictError
from mlops_ci.registry import checkpoints
from mlops_ci.registry.aliases import remove_alias
from mlops_ci.registry.collect import collect
from mlops_ci.registry.delete import delete_version, protect, release
from mlops_ci.registry.index import catch_up, use_index
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import BaselineMovedError, Promotion, move_alias, promote_judged
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.registry.references import resolve
from mlops_ci.registry.register import register
from mlops_ci.registry.search import Query, search
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import model_file_key
from mlops_ci.workspace.local import LocalStore
from tests.parts.need import soak
from tests.registry.making import MODEL, judged, open_log, registration, require_whole, sha

RAN = Counter[str]()
COMMITS = [sha(number) for number in range(8)]
commits, fingerprints = st.integers(0, 7), st.integers(0, 9)
aliases, keys, values = st.sampled_from(["champion", "anchor"]), st.sampled_from("abc"), st.sampled_from("xyz")


def is_ancestor(ancestor: str, descendant: str) -> bool:
    return COMMITS.index(ancestor) <= COMMITS.index(descendant)


@dataclass
class Expected:
    """A version as it should be."""

    commit: str
    fingerprint: str
    digest: str
    links: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    verdicts: int = 0
    protections: list[str] = field(default_factory=list)


class Registry(RuleBasedStateMachine):
    """Two clients of one workspace take turns."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="mlops-ci-stateful-")
        self.root = Path(self._folder.name)
        self.versions: dict[int, Expected] = {}
        self.aliases: dict[str, tuple[int, str]] = {}
        self.pending: tuple[Promotion, int] | None = None
        self.logs: list[ModelLog] = []
        self.entries = 0
        self.last = 0
        self.uploads = 0
        self.garbage = 0
        self._patches = [patch.object(checkpoints, "INTERVAL", 4), patch.object(checkpoints, "_FAN", 3)]
        for each in self._patches:
            each.start()

    def teardown(self) -> None:
        for each in self._patches:
            each.stop()
        self._folder.cleanup()

    @initialize()
    def open(self) -> None:
        self.logs = [open_log(LocalStore(self.root / "workspace")) for _ in range(2)]

    @rule(client=st.integers(0, 1))
    def reopen(self, client: int) -> None:
        self.logs[client] = open_log(LocalStore(self.root / "workspace"))

    @rule(client=st.integers(0, 1), commit=commits, fingerprint=fingerprints, content=st.integers(0, 1))
    def register(self, client: int, commit: int, fingerprint: int, content: int) -> None:
        files = {"model.bin": b"%d" % content, "fingerprint": b"%d" % fingerprint}
        request = registration(self.root / "sources", COMMITS[commit], f"f{fingerprint}", files=files)
        done = register(self.logs[client], request)
        known = next((n for n, v in self.versions.items() if v.fingerprint == request.fingerprint), None)
        if known is None:
            known = self.last = self.last + 1
            self.versions[known] = Expected(COMMITS[commit], request.fingerprint, request.digest)
            assert done.how == "created"
            self.entries += 1
        elif COMMITS[commit] in (self.versions[known].commit, *self.versions[known].links):
            assert done.how == "existing"
        else:
            self.versions[known].links.append(COMMITS[commit])
            assert done.how == "linked"
            self.entries += 1
        assert done.version.version == known
        assert done.differs == (self.versions[known].digest != request.digest)

    @precondition(lambda self: self.versions)
    @rule(client=st.integers(0, 1), data=st.data(), key=keys, value=values)
    def tag(self, client: int, data: st.DataObject, key: str, value: str) -> None:
        version = data.draw(st.sampled_from(sorted(self.versions)))
        set_tags(self.logs[client], version, {key: value})
        self.entries += self.versions[version].tags.get(key) != value
        self.versions[version].tags[key] = value

    @precondition(lambda self: self.versions)
    @rule(client=st.integers(0, 1), data=st.data(), alias=aliases, rollback=st.booleans())
    def move(self, client: int, data: st.DataObject, alias: str, rollback: bool) -> None:
        version = data.draw(st.sampled_from(sorted(self.versions)))
        now = self.aliases.get(alias, (0, ""))[0]
        try:
            outcome = move_alias(self.logs[client], alias, version, rollback=rollback, reason=None)
        except ConflictError:
            assert version < now
            assert not rollback
            return
        assert version >= now or rollback
        assert outcome == ("unchanged" if version == now else "promoted")
        if version != now:
            self.aliases[alias] = (version, self.versions[version].commit)
            self.entries += 1

    @precondition(lambda self: self.aliases)
    @rule(client=st.integers(0, 1), data=st.data())
    def take_away(self, client: int, data: st.DataObject) -> None:
        alias = data.draw(st.sampled_from(sorted(self.aliases)))
        assert remove_alias(self.logs[client], alias, reason="x") == self.aliases.pop(alias)[0]
        self.entries += 1

    @precondition(lambda self: self.versions)
    @rule(client=st.integers(0, 1), data=st.data(), alias=aliases)
    def judge(self, client: int, data: st.DataObject, alias: str) -> None:
        version = data.draw(st.sampled_from(sorted(self.versions)))
        expected = self.versions[version]
        commit = data.draw(st.sampled_from([expected.commit, *expected.links]))
        self.pending = judged(self.logs[client], version, alias=alias, commit=commit), version
        expected.verdicts += 1
        self.entries += 1

    @precondition(lambda self: self.pending)
    @rule(client=st.integers(0, 1))
    def promote(self, client: int) -> None:
        assert self.pending
        request, version = self.pending
        self.pending = None
        now, held = self.aliases.get(request.alias, (None, request.commit))
        settled = [held, *(self.versions[now].links if now else ())]
        assert request.commit
        assert held
        try:
            outcome = promote_judged(self.logs[client], request, is_ancestor=is_ancestor)
        except BaselineMovedError:
            assert now != request.expect
            assert is_ancestor(held, request.commit)
            return
        except ConflictError:
            assert version not in self.versions
            return
        if version == now:
            assert outcome == "unchanged"
        elif request.commit != held and any(COMMITS.index(request.commit) < COMMITS.index(one) for one in settled):
            assert outcome == "superseded"
        else:
            assert outcome == "promoted"
            assert now == request.expect
            self.aliases[request.alias] = (version, request.commit)
            self.entries += 1

    @precondition(lambda self: self.versions)
    @rule(client=st.integers(0, 1), data=st.data())
    def delete(self, client: int, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(sorted(self.versions)))
        in_use = version in {target for target, _ in self.aliases.values()} or self.versions[version].protections
        try:
            assert delete_version(self.logs[client], version)
        except ConflictError:
            assert in_use
            return
        assert not in_use
        del self.versions[version]
        self.garbage += 1
        self.entries += 1

    @precondition(lambda self: self.versions)
    @rule(client=st.integers(0, 1), data=st.data(), deployment=keys, end=st.booleans())
    def deploy(self, client: int, data: st.DataObject, deployment: str, end: bool) -> None:
        version = data.draw(st.sampled_from(sorted(self.versions)))
        protections = self.versions[version].protections
        known = deployment in protections
        if end:
            assert release(self.logs[client], version, deployment) == known
            protections[:] = [name for name in protections if name != deployment]
        else:
            protect(self.logs[client], version, deployment)
            protections += [] if known else [deployment]
        self.entries += known == end

    @rule()
    def abandon(self) -> None:
        self.uploads += 1
        LocalStore(self.root / "workspace").create(model_file_key(MODEL, f"abandoned{self.uploads}", "x"), b"x")
        self.garbage += 1

    @rule(client=st.integers(0, 1), is_late=st.booleans())
    def collect(self, client: int, is_late: bool) -> None:
        now = datetime.now(UTC) + is_late * timedelta(days=8)
        done = collect(self.logs[client], now=now)
        assert len(done.attempts) == (self.garbage if is_late else 0)
        if is_late:
            self.entries += self.garbage > 0
            self.garbage = 0

    @invariant()
    def aliases_are_resolved_by_the_hint(self) -> None:
        for name, (version, _) in self.aliases.items():
            found = resolve_quickly(open_log(LocalStore(self.root / "workspace")), name)
            assert (found.version, found.tags) == (version, self.versions[version].tags)

    @invariant()
    def every_client_sees_the_same(self) -> None:
        RAN["operations"] += 1
        for log in self.logs:
            state = log.read()
            assert state.head == self.entries
            assert {name: (target.version, target.commit) for name, target in state.aliases.items()} == self.aliases
            seen = {
                number: Expected(
                    v.commit or "",
                    v.fingerprint,
                    v.digest,
                    list(v.links),
                    v.tags,
                    len(v.judgements),
                    list(v.protections),
                )
                for number, v in state.versions.items()
            }
            assert seen == self.versions
            for number, version in state.versions.items():
                assert set(version.aliases) == {name for name, (target, _) in self.aliases.items() if target == number}

    @precondition(lambda self: self.versions)
    @rule(commit=commits, key=keys, value=values)
    def look_up(self, commit: int, key: str, value: str) -> None:
        state = require_whole(LocalStore(self.root / "workspace"))
        assert state.head == self.entries
        of_commit = [n for n, v in self.versions.items() if COMMITS[commit] in (v.commit, *v.links)]
        if of_commit:
            assert resolve(state, COMMITS[commit]).version == max(of_commit)
        for name, (version, _) in self.aliases.items():
            assert resolve(state, name).version == version

        def find(index: sqlite3.Connection) -> list[set[int]]:
            catch_up(index, LocalStore(self.root / "workspace"), MODEL)
            queries = [Query(tags={key: value}), Query(commit=COMMITS[commit]), Query(alias="champion"), Query()]
            return [{version.version for version in search(index, query)} for query in queries]

        champion = self.aliases.get("champion")
        expected = [
            {n for n, v in self.versions.items() if v.tags.get(key) == value},
            set(of_commit),
            {champion[0]} if champion else set(),
            set(self.versions),
        ]
        assert use_index(self.root / "index.sqlite", find) == use_index(None, find) == expected


def test_the_registry_is_what_a_plain_model_of_it_is() -> None:
    RAN.clear()
    steps = settings(
        max_examples=soak(60, 400),
        stateful_step_count=soak(30, 40),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Registry, settings=steps)
    print(f"{RAN['operations']:,} operations")  # noqa: T201 - shown with pytest -s
    assert RAN["operations"] >= soak(800, 5000)
