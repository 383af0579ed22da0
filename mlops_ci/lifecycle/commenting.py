"""Keeps one comment on a pull request, whoever else writes to it at the same time.

Hosts have no conditional write: who updates a comment may undo what another job has written since it was read. So a
writer looks again after its update, once a write that was on its way has arrived, and puts right what it finds. An
update that has to wait for its turn is made anew from what stands there then, so that no old text arrives late. New
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
        # What was seen once is put back, too, if another's write has undone it.
        known = merge(known, *(parse_comment(comment.body) for comment in posted))
        draft = _Draft(conversation, repository, known, after_write=wrote)
        if len(posted) == 1 and draft.is_said_by(posted[0]):
            return
        try:
            undoes = _write(conversation, posted, draft)
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


class _Draft:
    """The comment that is to stand, made of the sections that are known."""

    def __init__(
        self, conversation: Conversation, repository: str, known: Sequence[Section], *, after_write: bool
    ) -> None:
        self._conversation = conversation
        self._repository = repository
        self._known = known
        self._after_write = after_write
        self._attempts = 0
        self.body = render_comment(repository, known, conversation.limit)
        self.resolved = not any(section.asks for section in known)

    def is_said_by(self, posted: Posted) -> bool:
        """Whether nothing is left to write."""
        if not self._after_write:
            # A thread that somebody has closed stays so, as long as there is nothing new to say.
            return _lines(posted.body) == _lines(self.body)
        # A host may give back another spelling than it was given: once written, the right sections are enough.
        said = _lines(posted.body) == _lines(self.body) or _moments(parse_comment(posted.body)) == _moments(self._known)
        return said and posted.resolved in {None, self.resolved}

    def attempt(self) -> str:
        """The body for an attempt to write it: the first says what was read just now, others read again."""
        self._attempts += 1
        if self._attempts == 1:
            return self.body
        standing = (parse_comment(posted.body) for posted in self._conversation.ours(marker(self._repository)))
        return render_comment(self._repository, merge(self._known, *standing), self._conversation.limit)


def _write(conversation: Conversation, posted: Sequence[Posted], draft: _Draft) -> bool:
    """Write the draft to one comment, then delete the others; whether that may have undone another's write."""
    if not posted:
        conversation.post(draft.body, resolved=draft.resolved)
        return False
    if not draft.is_said_by(posted[0]):
        conversation.update(posted[0].id, draft.attempt, resolved=draft.resolved)
    for comment in posted[1:]:
        conversation.delete(comment.id)
    return True


def _lines(text: str) -> list[str]:
    """A text as far as a host gives back what it was given."""
    return [line.rstrip() for line in text.strip().splitlines()]


def _moments(sections: Sequence[Section]) -> dict[str, tuple[int, int]]:
    return {section.model: section.moment for section in merge(sections)}
