"""Makes one commit of some writes, and pushes it until it is taken or cannot be."""

from __future__ import annotations

import time
import uuid

from mlops_ci.edge.git import Answer
from mlops_ci.errors import OutcomeUnknownError, RemoteError
from mlops_ci.workspace.git.changes import Change, Changes
from mlops_ci.workspace.git.errors import LIMITS, Refusal, failure, refusal_of, rejection, too_large
from mlops_ci.workspace.git.history import message_of
from mlops_ci.workspace.git.line import Line, pauses, vanished

_LONGEST_PAUSE = 5.0
_NETWORK_TRIES = 3
_STUCK_TRIES = 20


def require_size(size: int, path: str, line: Line) -> None:
    """Refuse a file that the host is known to refuse, before it is sent.

    Raises:
        RemoteError: it is too large.
    """
    limit = LIMITS.get(line.remote.host)
    if limit is not None and size > limit:
        raise too_large(path, size, line.remote, limit)


def publish(changes: Changes, line: Line, *, patience: float) -> None:
    """Push changes as one commit on top of what the remote has.

    The push names the commit that it builds on, so that of all who race exactly one is taken. Who is not looks at
    what the winner has written, and builds on that.

    Args:
        changes: nothing is pushed if nothing of them is new.
        line: the remote; its view is up to date afterwards.
        patience: for how many seconds races may be lost.

    Raises:
        LostRaceError: somebody else has taken a claimed key; nothing was written.
        RemoteError: the remote cannot be reached or refuses.
        OutcomeUnknownError: it was reached, and cannot be any more.
    """
    deadline = time.monotonic() + patience
    made: list[str] = []
    refused: list[str] = []
    failures = stuck = 0
    for pause in pauses(_LONGEST_PAUSE):
        view = line.view
        effective = changes.on(view.files)
        if not effective:
            return
        view.require_no_clash(effective)
        # A clock that is slow makes nothing look old: what is old may be collected.
        seconds = max(int(time.time()), view.history.newest)
        base, commit = view.commit, _commit(effective, seconds, line)
        made.append(commit)
        ref = view.ref or next(ref for ref in line.remote.refs if ref not in refused)
        answer = line.clone.push(ref, commit, base)
        if answer.code == 0:
            _take(ref, commit, effective, line)
            view.history.note(effective, seconds)
            return
        refusal = refusal_of(answer)
        if refusal in {Refusal.REMOTE, Refusal.TOO_LARGE}:
            raise _final(refusal, answer, effective, line)
        # Whatever was said, a push may have been taken: its reply may be lost, or come to a second try of git's own.
        _look_again(line)
        if _was_taken(made, line):
            return
        if base and not (line.view.commit and line.clone.is_ancestor(base, line.view.commit)):
            raise vanished(line.remote)
        if refusal is Refusal.REF and line.view.commit == base:
            refused.append(ref)
            if view.ref or len(refused) == len(line.remote.refs):
                raise rejection(answer, ref, line.remote)
            continue
        if refusal is Refusal.NETWORK:
            failures += 1
            if failures == _NETWORK_TRIES:
                raise failure(answer, line.remote)
        elif line.view.commit == base:  # a lock of somebody who has not finished, or one that is there for ever
            stuck += 1
            if stuck == _STUCK_TRIES:
                raise rejection(answer, ref, line.remote)
        if time.monotonic() > deadline:
            hint = "fewer jobs at once may help; run the command again"
            raise RemoteError("too many others write to the workspace", where=line.remote.shown, hint=hint)
        time.sleep(pause)


def _commit(changes: dict[str, Change], seconds: int, line: Line) -> str:
    blobs = {path: change.blob for path, change in changes.items()}
    return line.clone.commit(line.view.commit, blobs, message_of(changes, uuid.uuid4().hex), seconds)


def _take(ref: str, commit: str, changes: dict[str, Change], line: Line) -> None:
    view = line.view
    for path, change in changes.items():
        view.change(path, change.blob)
    view.ref, view.commit = ref, commit


def _look_again(line: Line) -> None:
    try:
        line.refresh()
    except RemoteError as error:
        raise OutcomeUnknownError(
            f"it is not known whether the push was taken: {error.what}", where=error.where, hint="run the command again"
        ) from error


def _was_taken(made: list[str], line: Line) -> bool:
    head = line.view.commit
    return head is not None and any(line.clone.is_ancestor(commit, head) for commit in made)


def _final(refusal: Refusal, answer: Answer, changes: dict[str, Change], line: Line) -> Exception:
    if refusal is Refusal.TOO_LARGE:
        path, change = max(changes.items(), key=lambda item: item[1].size)
        return too_large(path, change.size, line.remote)
    return failure(answer, line.remote)
