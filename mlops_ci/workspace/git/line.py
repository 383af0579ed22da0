"""Talks to the remote: looks, fetches, and tries again when the line fails."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator

from mlops_ci.edge.git import Answer
from mlops_ci.errors import IntegrityError, RemoteError
from mlops_ci.workspace.git.clone import Clone
from mlops_ci.workspace.git.errors import failure, is_passing, not_smart
from mlops_ci.workspace.git.settings import Remote
from mlops_ci.workspace.git.view import View

_TRIES = 4
_LOOKS = 10
_FIRST_PAUSE = 0.1


def pauses(longest: float) -> Iterator[float]:
    """Growing pauses of random length, which part those that failed together."""
    pause = _FIRST_PAUSE
    while True:
        yield pause * random.random()  # noqa: S311 - no secret
        pause = min(2 * pause, longest)


class Line:
    """The way to one remote, and what we know of it."""

    def __init__(self, clone: Clone, remote: Remote) -> None:
        self.clone = clone
        self.remote = remote
        self.view = View()

    def refresh(self) -> None:
        """Look at the remote, and make what is there the view.

        Raises:
            RemoteError: it cannot be reached, or does not let us in.
        """
        for _, pause in zip(range(_LOOKS), pauses(1.0), strict=False):
            ref, commit = self._head()
            if commit is None or self._has(ref, commit):
                break
            # The ref was moved back between our look and our fetch.
            time.sleep(pause)
        else:
            raise vanished(self.remote)
        if commit != self.view.commit:
            self._move(commit)
        self.view.ref, self.view.commit = ref, commit

    def get_blobs(self, blobs: Iterable[str]) -> None:
        """Fetch files in one request.

        Raises:
            RemoteError: it cannot be done.
            IntegrityError: the remote does not have them.
        """
        wanted = list(blobs)
        ref = self.view.ref
        if not wanted or ref is None:
            return
        answer = self._persist(lambda: self.clone.fetch_blobs(wanted))
        if "not our ref" in answer.errors:
            hint = "push it from a clone that has it, or restore the remote from a backup"
            raise IntegrityError("the remote lacks a file of the workspace", where=self.remote.shown, hint=hint)
        if "unadvertised object" in answer.errors:
            answer = self._persist(lambda: self.clone.fetch_everything(ref))
        if answer.code:
            raise failure(answer, self.remote)

    def _head(self) -> tuple[str | None, str | None]:
        answer = self._insist(self.clone.look)
        said = answer.output.decode("utf-8", "replace")
        if said and not answer.packets:
            # A partial fetch from a server of mere files would start itself again and again.
            raise not_smart(self.remote)
        found = {ref: commit for commit, _, ref in (line.partition("\t") for line in said.splitlines())}
        ref = next((ref for ref in self.remote.refs if ref in found), None)
        return (ref, found[ref]) if ref else (None, None)

    def _has(self, ref: str | None, commit: str) -> bool:
        if ref and not self.clone.has_commit(commit):
            self._insist(lambda: self.clone.fetch(ref, commit))
            return self.clone.has_commit(commit)
        return True

    def _move(self, commit: str | None) -> None:
        view, old = self.view, self.view.commit
        if commit is None:
            view.replace({})
            return
        if old is None:
            view.replace(self.clone.tree(commit))
        else:
            for path, blob in self.clone.changed(old, commit):
                view.change(path, blob)
        view.history.read(self.clone.log(commit, old))

    def _insist(self, action: Callable[[], Answer]) -> Answer:
        answer = self._persist(action)
        if answer.code:
            raise failure(answer, self.remote)
        return answer

    def _persist(self, action: Callable[[], Answer]) -> Answer:
        answer = action()
        for _, pause in zip(range(_TRIES - 1), pauses(2.0), strict=False):
            if answer.code == 0 or not is_passing(answer):
                break
            time.sleep(pause)
            answer = action()
        return answer


def vanished(remote: Remote) -> RemoteError:
    """The error for a history that somebody has rewritten while we wrote."""
    return RemoteError(
        "the workspace's history was rewritten or its ref deleted while it was written to",
        where=remote.shown,
        hint="find out who did it; run mlops-ci workspace check",
    )
