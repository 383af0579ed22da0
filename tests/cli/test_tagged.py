"""A tag, as a job of GitHub Actions sees it: the version of its commit is deployed where such tags are followed."""

from __future__ import annotations

from pathlib import Path

from mlops_ci.registry.register import register
from tests.hosts.hosts import github_job
from tests.registry.making import registration
from tests.support.lab import Done
from tests.support.shop import Shop, predictions

FOLLOWING = """\
workspace: {url: .mlops, durable: true}
deploy:
  shop: {target: process, tags: ["v*"]}
  other: {target: process, tags: ["x*"]}
"""


def pushed(shop: Shop, folder: Path, tag: str) -> Done:
    """What ``ci`` says to a tag on the newest commit."""
    payload = {"ref": f"refs/tags/{tag}", "repository": {"full_name": "acme/ml", "default_branch": "main"}}
    head = shop.lab.git("rev-parse", "HEAD")
    job = github_job(folder, "push", payload, GITHUB_REF=f"refs/tags/{tag}", GITHUB_SHA=head)
    return shop.lab.run("ci", env={**shop.env, **job.environ})


def test_the_version_of_a_tagged_commit_is_deployed_where_such_tags_are_followed(tmp_path: Path) -> None:
    shop = Shop(tmp_path, FOLLOWING)
    nobody = pushed(shop, tmp_path, "docs-1")
    assert nobody.code == 0 and "nothing is done for the tag docs-1" in nobody.out
    unknown = pushed(shop, tmp_path, "v1.0")
    assert unknown.code == 2 and "coin@" in unknown.err
    register(shop.log, registration(tmp_path / "scratch", shop.lab.git("rev-parse", "HEAD"), "f2"))
    try:
        done = pushed(shop, tmp_path, "v1.0")
        assert done.code == 0, done.err
        (listed,) = shop.json("deployments", "list")
        assert (listed["deployment"]["name"], listed["deployment"]["version"]) == ("shop", 2)
        assert predictions(listed["deployment"]["instance"]["url"]) == [8.0]
    finally:
        shop.run("deployments", "delete", "shop")
