"""A repository on GitHub with its origin, its API and its runners, and a developer who pushes to it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.journeys.site import Site
from tests.parts.act import Act, Ran
from tests.parts.github import FakeGitHub, event

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "workflows" / "github"
NAME = "acme/ml"
# What the jobs of the examples ask for.
JOB = {"contents": "write", "pull-requests": "write", "checks": "write"}
FORK = {"contents": "read", "pull-requests": "read", "checks": "read"}
POSTER = {"actions": "read", "pull-requests": "write"}
TRIGGERS = """\
triggers:
  model-promoted:
    - {name: shop, github: acme/shop, event: model, token: SHOP_TOKEN}
"""


class World(Site):
    """Everything around one repository.

    ``runs`` counts the runs of workflows; each gets a machine of its own, with nothing but a shallow checkout.
    """

    def __init__(self, folder: Path, github: FakeGitHub) -> None:
        super().__init__(folder)
        self.github = github
        self.runs = itertools.count(8001)
        self.repository = self.github.repository(NAME)
        self.shop = self.github.repository("acme/shop")
        self.shop.commit("5" * 40)
        self.token = self.repository.token(JOB)
        self.secrets: dict[str, str] = {}
        self.origin.credentials = ("x-access-token", self.token)
        self.workflow("model.yml")
        self.workflow("mlops-ci-comment.yml")
        self.kept = self.folder / "kept"

    def workflow(self, example: str, name: str | None = None) -> None:
        """Have a workflow of the examples, as it is."""
        self.lab.write(f".github/workflows/{name or Path(example).name}", (EXAMPLES / example).read_text("utf-8"))

    def keep_models_in_a_folder(self) -> None:
        """A workspace beside all machines, as a bucket is."""
        self.workspace_in_a_folder()
        self.lab.edit(".github/workflows/model.yml", "        with: {workspace: git+origin}\n", "")

    def dispatch_to_shop(self) -> None:
        """Tell another repository of promotions, with a token of its own."""
        self.lab.write("mlops.yaml", (self.lab.folder / "mlops.yaml").read_text() + TRIGGERS)
        with_token = '        env: {SHOP_TOKEN: "${{ secrets.SHOP_TOKEN }}"}\n'
        verb = "ORG/mlops-ci/actions/ci@"
        file = self.lab.folder / ".github/workflows/model.yml"
        lines = file.read_text().splitlines(keepends=True)
        [at] = [number for number, line in enumerate(lines) if verb in line]
        file.write_text("".join([*lines[: at + 1], with_token, *lines[at + 1 :]]))
        self.secrets["SHOP_TOKEN"] = self.github.token({"acme/shop": {"contents": "write"}})

    def add_a_second_model(self) -> None:
        """Another model of the same code, with a project file and a job of its own."""
        self.second_project()
        file = self.lab.folder / ".github/workflows/model.yml"
        before, job = file.read_text().split("  model:\n")
        dice = job.replace("name: model", "name: dice").replace("{workspace:", "{project: dice.yaml, workspace:")
        file.write_text(f"{before}  model:\n{job}  dice:\n{dice}")

    def make_champion(self) -> None:
        """Push, and have the first model promoted; quicker than by a workflow."""
        self.push("first")
        self.train_at_home()

    def push(self, message: str = "change", branch: str = "main") -> str:
        """Commit everything and push it to a branch."""
        sha = self.commit_and_send(message, branch)
        self.repository.commit(sha, branch)
        return sha

    def pull_request(
        self,
        number: int,
        *,
        fork: str | None = None,
        branch: str = "feature",
        title: str = "An idea",
        author: str = "ada",
    ) -> str:
        """Commit everything on a branch off main, and open a pull request of it, or push to it again."""
        head, base, _ = self.propose(number, title=title, author=author, branch=None if fork else branch)
        if number in self.repository.pulls:
            self.repository.pulls[number].head = head
            self.repository.commit(head, branch)
        else:
            self.repository.open_pull(number, head=head, branch=branch, base=base, fork=fork, title=title)
        return head

    def merge(self, number: int) -> str:
        """Merge a pull request, as a commit on main."""
        sha = self.merge_into_main(self.repository.pulls[number].head)
        self.repository.merge(number, sha)
        return sha

    def on_push(self, workflow: str = "model.yml", **options: Any) -> Ran:
        """The run of a push to main."""
        sha = self.main
        payload = event("push", after=sha)
        return self.run("push", payload, sha, "refs/heads/main", workflow, **options)

    def on_schedule(self, workflow: str = "model.yml", **options: Any) -> Ran:
        """The run of a schedule."""
        return self.run("schedule", event("schedule"), self.main, "refs/heads/main", workflow, **options)

    def on_pull_request(self, number: int, workflow: str = "model.yml", **options: Any) -> Ran:
        """The run of a pull request; a fork's gets a token that may only read."""
        pull = self.repository.pulls[number]
        payload = event(
            "pull_request", number=number, head=pull.head, branch=pull.branch, base=pull.base, fork=pull.fork,
            title=pull.title,
        )  # fmt: skip
        if pull.fork:
            options = {"permissions": FORK} | options
        sha = self.origin.git("rev-parse", f"refs/pull/{number}/merge")
        return self.run("pull_request", payload, sha, f"refs/pull/{number}/merge", workflow, **options)

    def on_workflow_run(self, number: int, run: int, **options: Any) -> Ran:
        """The run of the poster, after the run of a pull request."""
        pull = self.repository.pulls[number]
        payload = event("workflow_run", head=pull.head, branch=pull.branch, fork=pull.fork, number=number, run_id=run)
        options = {"permissions": POSTER} | options
        return self.run("workflow_run", payload, self.main, "refs/heads/main", "mlops-ci-comment.yml", **options)

    def run(
        self,
        name: str,
        payload: Mapping[str, Any],
        sha: str,
        ref: str,
        workflow: str,
        *,
        run: int | None = None,
        attempt: int = 1,
        permissions: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        cancel_at: str | None = None,
    ) -> Ran:
        """Run a workflow on a fresh machine.

        Args:
            name: of the event.
            payload: its payload.
            sha: what is checked out.
            ref: what it is a part of.
            workflow: the file in ``.github/workflows``.
            run: the number of the run; by default the next.
            attempt: which one of that run.
            permissions: what the token may do; by default what the examples ask for.
            env: more variables.
            secrets: of the repository.
            cancel_at: cancel the run once its log says this.
        """
        number = run or next(self.runs)
        machine = self.folder / f"machine-{number}-{attempt}"
        self.check_out(machine / "work", sha, ref, self.origin.url)
        act = Act(machine / "work", machine / "act", kept=self.kept)
        token = self.token if permissions is None else self.repository.token(permissions)
        branch = ref.removeprefix("refs/heads/").removeprefix("refs/")
        variables = {
            "GITHUB_API_URL": self.github.url,
            "GITHUB_SERVER_URL": self.origin.url.rpartition("/")[0],
            "GITHUB_REPOSITORY": NAME,
            "GITHUB_REPOSITORY_OWNER": "acme",
            "GITHUB_REF": ref,
            "GITHUB_REF_NAME": branch,
            "GITHUB_RUN_ID": str(number),
            "GITHUB_RUN_ATTEMPT": str(attempt),
            "GITHUB_ACTOR": "ada",
            "RUNNER_ENVIRONMENT": "github-hosted",
            "SHA_REF": sha,
            **(env or {}),
        }
        given = {"GITHUB_TOKEN": token, **self.secrets, **(secrets or {})}
        file = f".github/workflows/{workflow}"
        if cancel_at is not None:
            return act.cancelled(name, file, cancel_at, payload=payload, env=variables, secrets=given)
        return act.run(name, file, payload=payload, env=variables, secrets=given)

    def comment(self, number: int) -> str:
        """The one comment of a pull request."""
        [comment] = self.repository.comments(number)
        return comment.body
