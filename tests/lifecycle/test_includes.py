"""A project whose steps come from a file that it shares with others."""

from __future__ import annotations

import pytest

from tests.support.lab import PROJECT, Lab

_STEPS = PROJECT.index("steps:\n")
_EVALUATION = PROJECT.index("evaluation:\n")


@pytest.fixture
def sharing(lab: Lab) -> Lab:
    """The usual project, with its steps in a file of their own."""
    lab.write("shared/steps.yaml", PROJECT[_STEPS:_EVALUATION])
    lab.write("mlops.yaml", f"{PROJECT[:_STEPS]}include: [shared/steps.yaml]\n{PROJECT[_EVALUATION:]}")
    lab.commit("first")
    return lab


def test_the_rules_of_the_base_hold_though_its_steps_are_included(sharing: Lab) -> None:
    assert sharing.ci()["outcome"] == "promoted"
    sharing.git("switch", "--quiet", "--create", "idea")
    sharing.skill(0.4)
    sharing.edit("mlops.yaml", "accuracy > baseline", "accuracy > 0.1")
    sharing.edit("shared/steps.yaml", "run: python evaluate.py", "run: python evaluate.py --kinder")
    sharing.commit("worse, and a looser gate")
    done = sharing.run("ci")
    said = " ".join(done.out.split())
    assert done.code == 1
    assert "gate differs here; that of main is in force until this is merged" in said
    assert "the evaluation itself changes here: steps.evaluate" in said


def test_an_included_file_that_is_not_committed_is_dirt(sharing: Lab) -> None:
    sharing.edit("shared/steps.yaml", "steps:", "steps:\n  # not committed")
    result = sharing.ci()
    assert (result["outcome"], result["version"]) == ("passed", None)


def test_a_file_outside_the_repository_is_not_read(sharing: Lab) -> None:
    (sharing.folder.parent / "outside.yaml").write_text("steps: {}\n")
    (sharing.folder / "link.yaml").symlink_to("../outside.yaml")
    for path in ("../outside.yaml", "link.yaml"):
        sharing.edit("mlops.yaml", "shared/steps.yaml", path)
        done = sharing.run("validate")
        assert done.code == 2
        assert f"{path!r} lies outside the repository; name a file of this repository, and no link" in done.err
        sharing.edit("mlops.yaml", path, "shared/steps.yaml")
