"""What each operation of the stand-in for Azure DevOps does."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.parts.azure_devops.contract import Call
from tests.parts.azure_devops.pipelines import Pipeline, no_pipeline, no_release_definition
from tests.parts.azure_devops.replies import RefusedError, listed, now, reply
from tests.parts.azure_devops.repositories import Project, PullRequest, Repository
from tests.parts.azure_devops.shapes import STATUS_STATES, THREAD_STATUSES, named
from tests.parts.azure_devops.threads import Thread, edit, identity, typed
from tests.parts.loopback import Answer

if TYPE_CHECKING:
    from tests.parts.azure_devops.fake import FakeAzureDevOps


class Operations:
    """Carries out one call."""

    def __init__(self, server: FakeAzureDevOps, call: Call) -> None:
        self._server = server
        self._call = call
        self._names = call.names
        self._body: Any = call.body

    def answer(self) -> Answer:
        """Do it."""
        do: Callable[[], Answer] = getattr(self, "_" + self._call.name.replace(" ", "_"))
        return do()

    @property
    def _project(self) -> Project:
        name = self._names["project"]
        for each in self._server.projects:
            if each.is_called(name):
                return each
        message = (
            f"TF200016: The following project does not exist: {name}. Verify that the name of the project is correct."
        )
        raise RefusedError(404, "ProjectDoesNotExistWithNameException", message)

    @property
    def _repository(self) -> Repository:
        project, name = self._project, self._names["repository"]
        for each in self._server.repositories:
            if each.project is project and each.is_called(name):
                return each
        message = f"TF401019: The Git repository with name or identifier {name} does not exist."
        raise RefusedError(404, "GitRepositoryNotFoundException", message)

    @property
    def _pull_request(self) -> PullRequest:
        return self._repository.pull_request(self._names["pullRequest"])

    @property
    def _thread(self) -> Thread:
        for each in self._pull_request.threads:
            if str(each.number) == self._names["thread"]:
                return each
        message = f"The comment thread {self._names['thread']} was not found."
        raise RefusedError(404, "GitPullRequestCommentThreadNotFoundException", message)

    def _get_pull_request(self) -> Answer:
        return reply(self._pull_request.shown(self._server.url))

    def _list_pull_requests(self) -> Answer:
        found = self._repository.selected(dict(self._call.query))
        return listed([each.shown(self._server.url) for each in found])

    def _query_pull_requests(self) -> Answer:
        queries = self._body["queries"]
        return reply({"queries": queries, "results": self._repository.answers(queries, self._server.url)})

    def _list_threads(self) -> Answer:
        return listed([each.shown() for each in self._pull_request.threads])

    def _get_thread(self) -> Answer:
        return reply(self._thread.shown())

    def _create_thread(self) -> Answer:
        pull_request, body = self._pull_request, self._body
        made = Thread(len(pull_request.threads) + 1, context=body.get("threadContext"))
        made.properties = typed(body.get("properties", {}))
        made.status = named(body["status"], THREAD_STATUSES) if "status" in body else None
        for each in body["comments"]:
            made.add(each, self._server.identity)
        pull_request.threads.append(made)
        return reply(made.shown())

    def _update_thread(self) -> Answer:
        thread = self._thread
        thread.update(self._body)
        return reply(thread.shown())

    def _list_comments(self) -> Answer:
        return listed([each.shown() for each in self._thread.comments])

    def _get_comment(self) -> Answer:
        return reply(self._thread.comment(self._names["comment"]).shown())

    def _create_comment(self) -> Answer:
        return reply(self._thread.add(self._body, self._server.identity).shown())

    def _update_comment(self) -> Answer:
        comment = self._thread.comment(self._names["comment"])
        edit(comment, self._server.identity, self._body["content"])
        return reply(comment.shown())

    def _delete_comment(self) -> Answer:
        edit(self._thread.comment(self._names["comment"]), self._server.identity, None)
        return Answer(200)

    def _list_statuses(self) -> Answer:
        return listed(self._pull_request.statuses)

    def _create_status(self) -> Answer:
        iteration = self._body.get("iterationId", 1)
        if iteration > len(self._pull_request.commits):
            raise RefusedError(404, "CodeReviewIterationNotFoundException", f"The iteration {iteration} was not found.")
        return self._new_status(self._pull_request.statuses)

    def _create_commit_status(self) -> Answer:
        return self._new_status(self._repository.commit_statuses.setdefault(self._names["commit"], []))

    def _list_iterations(self) -> Answer:
        commits = self._pull_request.commits
        return listed([{"id": at + 1, "sourceRefCommit": {"commitId": each}} for at, each in enumerate(commits)])

    def _get_connection_data(self) -> Answer:
        who = identity(self._server.identity)
        return reply({"authenticatedUser": {"id": who["id"], "providerDisplayName": who["displayName"]}})

    def _new_status(self, statuses: list[dict[str, Any]]) -> Answer:
        made = self._body | {
            "id": len(statuses) + 1,
            "state": named(self._body["state"], STATUS_STATES),
            "creationDate": now(),
            "updatedDate": now(),
            "createdBy": identity(self._server.identity),
        }
        statuses.append(made)
        return reply(made)

    def _attachment(self, name: str) -> dict[str, Any]:
        address = self._pull_request.shown(self._server.url)["url"]
        number = list(self._pull_request.attachments).index(name) + 1
        url = f"{address}/attachments/{quote(name, safe='')}"
        return {"id": number, "displayName": name, "url": url, "createdDate": now()}

    def _stored(self) -> str:
        for name in self._pull_request.attachments:
            if name.lower() == self._names["fileName"].lower():
                return name
        message = f"The attachment {self._names['fileName']} was not found."
        raise RefusedError(404, "GitPullRequestAttachmentNotFoundException", message)

    def _list_attachments(self) -> Answer:
        return listed([self._attachment(name) for name in self._pull_request.attachments])

    def _create_attachment(self) -> Answer:
        attachments, name = self._pull_request.attachments, self._names["fileName"]
        if name.lower() in {each.lower() for each in attachments}:
            message = f"An attachment with the name {name} already exists."
            raise RefusedError(409, "CodeReviewAttachmentAlreadyExistsException", message)
        attachments[name] = self._body
        return reply(self._attachment(name), 201)

    def _get_attachment(self) -> Answer:
        name = self._stored()
        kind = mimetypes.guess_type(name)[0] or ""
        # An SVG picture may hold scripts: like a file of no known type it is offered to keep, not to look at.
        if (kind.startswith(("image/", "audio/", "video/")) and kind != "image/svg+xml") or kind == "text/plain":
            headers = {"Content-Type": kind}
        else:
            headers = {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
        return Answer(200, self._pull_request.attachments[name], headers)

    def _delete_attachment(self) -> Answer:
        del self._pull_request.attachments[self._stored()]
        return Answer(200)

    @property
    def _pipeline(self) -> Pipeline:
        project, number = self._project, self._names["pipeline"]
        found = self._server.pipelines.get(int(number)) if number.isdecimal() else None
        if found is None or found.project is not project:
            raise no_pipeline(number)
        return found

    def _run_pipeline(self) -> Answer:
        number = 1 + sum(len(each.runs) for each in self._server.pipelines.values())
        return reply(self._pipeline.run(self._body, number, self._server.url))

    def _get_run(self) -> Answer:
        for each in self._pipeline.runs:
            if str(each["id"]) == self._names["run"]:
                return reply(each)
        raise RefusedError(
            404, "BuildNotFoundException", f"The requested build {self._names['run']} could not be found."
        )

    def _create_release(self) -> Answer:
        project, wanted = self._project, self._body["definitionId"]
        definition = self._server.release_definitions.get(wanted)
        if definition is None or definition.project is not project:
            raise no_release_definition(wanted)
        number = 1 + sum(len(each.releases) for each in self._server.release_definitions.values())
        return reply(definition.release(self._body, number, self._server.release_url))

    def _get_release(self) -> Answer:
        for definition in self._server.release_definitions.values():
            for each in definition.releases:
                if definition.project is self._project and str(each["id"]) == self._names["release"]:
                    return reply(each)
        raise RefusedError(404, "ReleaseNotFoundException", f"Release with ID {self._names['release']} does not exist.")

    def _deliver_webhook(self) -> Answer:
        webhook = self._server.webhooks.get(self._names["webhook"])
        if webhook is None:
            message = f"No incoming webhook of the name {self._names['webhook']} is connected."
            raise RefusedError(404, "WebHookNotFoundException", message)
        webhook.take(self._call.request, self._body)
        return Answer(200)
