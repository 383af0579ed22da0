"""Comments on pull requests: what GitHub answers."""

from __future__ import annotations

from typing import Any

from tests.parts.github.call import Call, answered, not_found, refused
from tests.parts.github.nouns import Comment
from tests.parts.loopback import Answer


def listing(call: Call) -> Answer:
    """``GET .../issues/{issue_number}/comments``, oldest first."""
    number = int(call.path["issue_number"])
    pull = call.repository.pulls.get(number)
    if pull is None:
        return not_found()
    if pull.gone:
        return refused(410, "This issue was deleted")
    since = call.query.get("since", "")
    found = [each for each in call.repository.comments(number) if each.updated_at >= since]
    return call.paged(found, lambda comment: _shown(call, comment))


def create(call: Call) -> Answer:
    """``POST .../issues/{issue_number}/comments``."""
    number = int(call.path["issue_number"])
    pull = call.repository.pulls.get(number)
    if pull is None:
        return not_found()
    if pull.gone:
        return refused(410, "This issue was deleted")
    if pull.locked:
        return refused(403, "Unable to create comment because issue is locked.")
    made = _shown(call, call.repository.comment(number, call.body["body"], call.author))
    return answered(201, made, {"Location": made["url"]})


def one(call: Call) -> Answer:
    """``GET .../issues/comments/{comment_id}``."""
    comment = _wanted(call)
    return answered(200, _shown(call, comment)) if comment else not_found()


def change(call: Call) -> Answer:
    """``PATCH .../issues/comments/{comment_id}``: whoever may write may change anybody's."""
    comment = _wanted(call)
    if comment is None:
        return not_found()
    comment.body, comment.updated_at = call.body["body"], call.repository.ticks.time()
    return answered(200, _shown(call, comment))


def delete(call: Call) -> Answer:
    """``DELETE .../issues/comments/{comment_id}``."""
    comment = _wanted(call)
    if comment is None:
        return not_found()
    del call.repository.all_comments[comment.id]
    return Answer(204)


def _wanted(call: Call) -> Comment | None:
    return call.repository.all_comments.get(int(call.path["comment_id"]))


def _shown(call: Call, comment: Comment) -> dict[str, Any]:
    shape = call.shaped("issue-comment")
    return {
        **shape,
        "id": comment.id,
        "url": call.link(f"issues/comments/{comment.id}"),
        "html_url": call.page_url(f"pull/{comment.number}#issuecomment-{comment.id}"),
        "issue_url": call.link(f"issues/{comment.number}"),
        "body": comment.body,
        "user": call.user(shape["user"], comment.author),
        "author_association": "NONE" if comment.author.app else "MEMBER",
        "created_at": comment.created_at,
        "updated_at": comment.updated_at,
    }
