"""A repository with its origin, and a developer who pushes to it; what the journeys of all hosts share."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from tests.parts.git_http import git_host
from tests.support.lab import PROJECT, Lab, git_environment

# The coin of the lab, without any package.
TRAIN = """\
skill, seed = (line.split(": ")[1].strip() for line in open("params.yaml").readlines()[1:3])
open("data/rows.csv").readline()
open("build/model.txt", "w").write(f"{skill} {seed}")
print("trained to", skill)
"""
ENDLESS = TRAIN + "import time, sys\nsys.stdout.flush()\ntime.sleep(600)\n"


class Site:
    """A developer's folder, the origin, and the place of the models: to begin with, a ref of the origin.

    Args:
        folder: for everything.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.origin = git_host().repository()
        self.place = f"git+{self.origin.path.as_uri()}"
        self.lab = Lab(folder / "developer")
        self.lab.write("train.py", TRAIN)
        self.lab.write(".gitignore", ".mlops/\n")

    @property
    def main(self) -> str:
        """The tip of main."""
        return self.origin.git("rev-parse", "refs/heads/main")

    def workspace_in_a_folder(self) -> None:
        """A workspace beside all machines, as a bucket is."""
        self.place = str(self.folder / "models")
        self.lab.write("mlops.yaml", PROJECT + f"workspace: {{url: {self.place}, durable: true}}\n")

    def second_project(self) -> None:
        """Another model of the same code, in dice.yaml."""
        project = (self.lab.folder / "mlops.yaml").read_text("utf-8")
        self.lab.write("dice.yaml", project.replace("name: coin", "name: dice"))

    def train_at_home(self) -> None:
        """Have the model of the developer's folder promoted; quicker than by a host."""
        done = self.lab.run("ci", "--branch", "main", "--workspace", self.place, env=self.developer)
        assert done.code == 0, done.err

    def send(self, ref: str) -> None:
        """Push."""
        self.lab.git("push", "--quiet", str(self.origin.path), ref)

    def commit_and_send(self, message: str, branch: str) -> str:
        """Commit everything and push it to a branch."""
        sha = self.lab.commit(message)
        self.send(f"HEAD:refs/heads/{branch}")
        return sha

    def propose(self, number: int, *, title: str, author: str, branch: str | None) -> tuple[str, str, str]:
        """Commit everything on top of what is checked out, and push it with its merge into main.

        Args:
            number: of the pull request, whose refs these are.
            title: the message.
            author: the name of who wrote it.
            branch: of the repository itself; None for a fork.

        Returns:
            The author's commit, what it was merged into, and the merge.
        """
        base = self.main
        self.lab.commit(title)
        self.lab.git(
            "commit", "--quiet", "--amend", "--no-edit", "--allow-empty", "--author", f"{author} <a@localhost>"
        )
        head = self.lab.git("rev-parse", "HEAD")
        self.send(f"+HEAD:refs/pull/{number}/head")
        if branch is not None:
            self.send(f"+HEAD:refs/heads/{branch}")
        merge = self._merged(base, head, f"Merge {head} into {base}")
        self.send(f"+HEAD:refs/pull/{number}/merge")
        self.lab.git("checkout", "--quiet", head)
        return head, base, merge

    def merge_into_main(self, head: str) -> str:
        """Merge a commit, as a commit on main."""
        sha = self._merged(self.main, head, "Merge")
        self.send("HEAD:refs/heads/main")
        return sha

    def back_to_main(self) -> None:
        """The developer's folder as main is."""
        self.lab.git("checkout", "--quiet", "--detach", self.main)

    def check_out(self, folder: Path, sha: str, ref: str, url: str, *, shallow: bool = True) -> None:
        """A checkout as hosts make it: detached, and no credentials.

        Args:
            folder: where to.
            sha: the commit.
            ref: what it is a part of.
            url: of origin, as the job sees it.
            shallow: this one commit, else the whole history.
        """
        folder.mkdir(parents=True)

        def git(*arguments: str) -> None:
            subprocess.run(["git", *arguments], cwd=folder, env=git_environment(), check=True, capture_output=True)

        git("init", "--quiet", "--initial-branch=main")
        git("remote", "add", "origin", url)
        kept = f"refs/remotes/{ref.removeprefix('refs/').replace('heads/', 'origin/')}"
        refs = [f"+{sha}:{kept}"] if shallow else ["+refs/heads/*:refs/remotes/origin/*", f"+{sha}:refs/remotes/built"]
        git("fetch", "--quiet", "--no-tags", *["--depth=1"][:shallow], str(self.origin.path), *refs)
        git("checkout", "--quiet", "--detach", sha)

    def models(self, *arguments: str) -> Any:
        """What the command line says of the registry, as JSON."""
        done = self.lab.run("models", *arguments, "--json", "--workspace", self.place, env=self.developer)
        assert done.code == 0, done.err
        return done.json

    def champion(self, model: str = "coin") -> int | None:
        """The version that the alias points to."""
        versions = self.models("list", "--model", model)
        return next((each["version"] for each in versions if "champion" in each["aliases"]), None)

    @property
    def developer(self) -> dict[str, str]:
        """The developer's environment: what was trained at home is not in the cache of a job."""
        return {"MLOPS_CI_CACHE_DIR": str(self.folder / "developer-cache")}

    def _merged(self, base: str, head: str, message: str) -> str:
        self.lab.git("checkout", "--quiet", "--detach", base)
        self.lab.git("merge", "--quiet", "--no-ff", "--message", message, head)
        return self.lab.git("rev-parse", "HEAD")
