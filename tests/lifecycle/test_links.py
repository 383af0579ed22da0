"""A job with more rights than a pull request reads its files: a link in it must not show what lies elsewhere."""

from __future__ import annotations

import pytest

from tests.support.lab import Lab


@pytest.mark.parametrize(
    ("path", "why"),
    [("params.yaml", "values"), ("CARD.md", "text"), ("shared.yaml", "rules"), ("mlops.yaml", "rules")],
)
def test_a_file_that_is_a_link_out_of_the_repository_is_not_read(lab: Lab, path: str, why: str) -> None:
    lab.edit("mlops.yaml", "files: [build/model.txt]\n", "files: [build/model.txt]\n  card: CARD.md\n")
    lab.edit("mlops.yaml", "params: params.yaml\n", "params: params.yaml\ninclude: [shared.yaml]\n")
    lab.write("CARD.md", "a coin\n")
    lab.write("shared.yaml", "datasets: {more: {path: README.md}}\n")
    lab.commit("all that is told of a model")
    outside = lab.folder.parent / "outside"
    (lab.folder / path).replace(outside)
    (lab.folder / path).symlink_to(outside)
    lab.commit("a link")
    done = lab.run("ci", "--host", "local")
    assert (done.code, f"{path!r} lies outside the repository" in done.err) == (2, True), done.err + done.out
    (lab.folder / path).unlink()
    outside.replace(lab.folder / "inside")
    (lab.folder / path).symlink_to("inside")
    lab.commit("a link to a file of its own")
    done = lab.run("ci", "--host", "local")
    # Of a file with rules the base of a branch would have no more than the name that the link leads to.
    assert (done.code, f"{path!r} is a link" in done.err) == ((2, True) if "rules" in why else (0, False)), done.err
