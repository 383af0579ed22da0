"""Keeps one comment on a pull request, whoever else writes to it at the same time.

Hosts have no conditional write: who updates a comment may undo what another job has written since it was read. So a
writer looks again after its update, once a write that was on its way has arrived, and puts right what it finds. New
comments undo nothing: of several the oldest stays and takes the sections of all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.errors import ConflictError, OutcomeUnknownError
from mlops_ci.hosts.reviews import Conversation, Posted
from mlops_ci.report.comment import render_comment
from mlops_ci.report.section import Section, marker, merge, parse_comment

ROUNDS = 12
SETTLING = 2.0
"""Seconds in which a write that was on its way when we wrote has arrived."""
_GONE = frozenset({404, 410})


def converge(
    conversation: Conversation, repository: str, sections: Sequence[Section], *, pause: Callable[[float], None]
) -> None:
    """Bring sections into the one comment about a repository; what stands there already and is newer stays.

    Args:
        conversation: of the pull request.
        repository: as the host calls it.
        sections: ours.
        pause: waits for so many seconds.

    Raises:
        ResponseError: the host refuses.
        OutcomeUnknownError: no reply says whether the comment stands.
        ConflictError: others kept changing the comment.
        RemoteError: the host cannot be reached.
    """
    known = list(sections)
    wrote = False
    unknown: OutcomeUnknownError | None = None
    for _ in range(ROUNDS):
        posted = conversation.ours(marker(repository))
        standing = [parse_comment(comment.body) for comment in posted]
        # What was seen once is put back, too, if another's write has undone it.
        known = merge(known, *standing)
        body = render_comment(repository, known, conversation.limit)
        # A host may give back another spelling than it was given: once written, the right sections are enough.
        if len(posted) == 1 and (_same(posted[0].body, body) or (wrote and _moments(standing[0]) == _moments(known))):
            return
        try:
            undoes = _write(conversation, posted, body, resolved=not any(section.asks for section in known))
            wrote, unknown = True, None
        except OutcomeUnknownError as error:
            undoes, unknown = True, error
        except ResponseError as error:
            # Somebody has deleted the comment meanwhile: what stands now is to be read again.
            if error.status not in _GONE or not posted:
                raise
            undoes = False
        if undoes:
            pause(SETTLING)
    raise unknown or ConflictError(
        "others kept changing the comment", where=repository, hint="run mlops-ci comment to write it again"
    )


def _write(conversation: Conversation, posted: Sequence[Posted], body: str, *, resolved: bool) -> bool:
    """Write the body to one comment, then delete the others; whether that may have undone another's write."""
    if not posted:
        conversation.post(body, resolved=resolved)
        return False
    if not _same(posted[0].body, body):
        conversation.update(posted[0].id, body, resolved=resolved)
    for comment in posted[1:]:
        conversation.delete(comment.id)
    return True


def _same(standing: str, body: str) -> bool:
    """Whether a comment is the text that we would write, as far as a host gives back what it was given."""
    return _lines(standing) == _lines(body)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def _moments(sections: Sequence[Section]) -> dict[str, tuple[int, int]]:
    return {section.model: section.moment for section in merge(sections)}
