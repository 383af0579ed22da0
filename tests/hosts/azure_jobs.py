"""Jobs of Azure Pipelines, as their environments describe them."""

from __future__ import annotations

from dataclasses import dataclass, field

AUTHOR, MERGE, TIP = "a" * 40, "c" * 40, "b" * 40
COLLECTION = "https://dev.azure.com/acme/"

PUSH = {
    "TF_BUILD": "True",
    "SYSTEM_COLLECTIONURI": COLLECTION,
    "SYSTEM_TEAMPROJECT": "Data Science",
    "SYSTEM_TEAMPROJECTID": "5d6898bb-45ec-463b-95d2-8cb25ea0d9ab",
    "SYSTEM_JOBATTEMPT": "2",
    "BUILD_REASON": "IndividualCI",
    "BUILD_BUILDID": "8123",
    "BUILD_DEFINITIONNAME": "model",
    "BUILD_REQUESTEDFOR": "Ada Lovelace",
    "BUILD_REPOSITORY_ID": "3411ebc1-d5aa-464f-9615-0b527bc66719",
    "BUILD_REPOSITORY_NAME": "ml",
    "BUILD_REPOSITORY_PROVIDER": "TfsGit",
    "BUILD_REPOSITORY_URI": "https://acme@dev.azure.com/acme/Data%20Science/_git/ml",
    "BUILD_SOURCEBRANCH": "refs/heads/main",
    "BUILD_SOURCEVERSION": AUTHOR,
    # What an undefined variable looks like to a script that maps it.
    "SYSTEM_ACCESSTOKEN": "$(System.AccessToken)",
}
PULL_REQUEST = PUSH | {
    "BUILD_REASON": "PullRequest",
    "BUILD_SOURCEBRANCH": "refs/pull/7/merge",
    "BUILD_SOURCEVERSION": MERGE,
    "SYSTEM_PULLREQUEST_PULLREQUESTID": "7",
    "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/feature/carriers",
    "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
    "SYSTEM_PULLREQUEST_SOURCECOMMITID": AUTHOR,
    "SYSTEM_PULLREQUEST_SOURCEREPOSITORYURI": "https://acme@dev.azure.com/acme/Data%20Science/_git/ml",
    "SYSTEM_PULLREQUEST_ISFORK": "False",
}
AT_GITHUB = PULL_REQUEST | {
    "BUILD_REPOSITORY_ID": "acme/ml",
    "BUILD_REPOSITORY_NAME": "acme/ml",
    "BUILD_REPOSITORY_PROVIDER": "GitHub",
    "BUILD_REPOSITORY_URI": "https://github.com/acme/ml",
    "SYSTEM_PULLREQUEST_PULLREQUESTID": "1593218764",
    "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "7",
    "SYSTEM_PULLREQUEST_SOURCEBRANCH": "feature/carriers",
    "SYSTEM_PULLREQUEST_TARGETBRANCH": "main",
    "SYSTEM_PULLREQUEST_SOURCEREPOSITORYURI": "https://github.com/ada/ml.git",
    "SYSTEM_PULLREQUEST_ISFORK": "True",
}


@dataclass(frozen=True)
class Checked:
    """The agent's checkout: detached, with the commits that it is told to have."""

    default_branch: str | None = None
    tips: dict[str, str] = field(default_factory=lambda: {"main": TIP})
    parents: tuple[str, ...] = (TIP, AUTHOR)
    branch: str | None = None

    def branch_commit(self, branch: str) -> str | None:
        return self.tips.get(branch)
