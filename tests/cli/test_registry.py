"""``register``, ``promote``, ``models``, ``workspace``: the registry from the command line."""

from __future__ import annotations

import json

import jsonschema
import pytest

from mlops_ci.resources import resource
from tests.support.lab import Lab


@pytest.fixture
def external(lab: Lab) -> Lab:
    """A workspace with two models that were trained elsewhere."""
    lab.write("a.bin", "model a")
    lab.write("b.bin", "model b")
    lab.write("m.json", '{"auc": 0.9, "per": {"x": 1}}')
    commit = lab.git("rev-parse", "HEAD")
    first = lab.run(
        "register", "--model", "fraud", "--file", "a.bin", "--commit", commit[:9], "--metrics", "m.json",
        "--tag", "team=fraud", "--json",
    )  # fmt: skip
    assert first.code == 0, first.err
    assert first.json["commit"] == commit
    assert lab.run("register", "--model", "fraud", "--file", "b.bin", "--tag", "team=risk").code == 0
    return lab


def test_a_model_trained_elsewhere_has_its_commit_metrics_and_tags(external: Lab) -> None:
    version = external.run("models", "show", "fraud@v1", "--json").json
    assert version["metrics"] == {"auc": 0.9, "per.x": 1.0}
    assert version["tags"] == {"team": "fraud"}
    assert [file["path"] for file in version["files"]] == ["a.bin"]
    assert external.run("models", "show", "fraud@2", "--json").json["commit"] is None


def test_registering_it_again_gives_the_same_version(external: Lab) -> None:
    done = external.run("register", "--model", "fraud", "--file", "b.bin")
    assert done.out == "fraud v2: known already\n"


def test_the_same_file_under_another_commit_is_linked(external: Lab) -> None:
    done = external.run("register", "--model", "fraud", "--file", "b.bin", "--commit", "1" * 40)
    assert done.out == "fraud v2: known already; linked to the commit\n"
    assert external.run("models", "show", f"fraud@{'1' * 40}", "--json").json["version"] == 2


def test_other_bytes_under_a_stated_fingerprint(external: Lab) -> None:
    register = ("register", "--model", "x", "--fingerprint", "recipe 1", "--commit", "1" * 40, "--file")
    assert external.run(*register, "a.bin").out == "x v1: registered\n"
    assert external.run(*register, "b.bin").out == "x v1: known already, though with other bytes, which stay\n"
    done = external.run(*register, "b.bin", "--on-existing", "error")
    assert (done.code, "was registered with other bytes" in done.err) == (4, True)


def test_folders_are_many_file_models(external: Lab) -> None:
    external.write("bert/config.json", "{}")
    external.write("bert/weights/0.bin", "0")
    external.run("register", "--model", "bert", "--file", "bert")
    done = external.run("models", "download", "bert@v1", "out")
    assert done.code == 0, done.err
    assert (external.folder / "out/bert/weights/0.bin").read_text() == "0"


def test_search_by_tags(external: Lab) -> None:
    assert [v["version"] for v in external.run("models", "search", "--tag", "team=risk", "--json").json] == [2]
    external.run("models", "tag", "fraud@v1", "stage=old", "team=risk")
    found = external.run("models", "search", "--tag", "team=risk", "--tag", "stage=old", "--model", "fraud", "--json")
    assert [version["version"] for version in found.json] == [1]
    assert external.run("models", "search", "--tag", "team=none", "--json").json == []


def test_promotion_by_hand_and_explicit_rollback(external: Lab) -> None:
    assert external.run("promote", "fraud@v2").out == "fraud@champion is now v2\n"
    assert external.run("promote", "fraud@v2").out == "fraud@champion is v2\n"
    done = external.run("promote", "fraud@v1")
    assert (done.code, "say --rollback to go back" in done.err) == (4, True)
    assert external.run("promote", "fraud@v1", "--rollback", "--reason", "it crashed").code == 0
    history = external.run("models", "history", "fraud").out
    assert "champion moved from v2 to v1 by hand: it crashed" in " ".join(history.split())


def test_listing_for_people_and_programs(external: Lab) -> None:
    external.run("promote", "fraud@v2")
    listed = external.run("models", "list", "--json").json
    assert [(version["model"], version["version"]) for version in listed] == [("fraud", 2), ("fraud", 1)]
    schema = json.loads(resource("schemas", "model-version.schema.json").read_text())
    for version in listed:
        assert {"model", "version", "commit", "aliases", "tags", "metrics", "files", "created"} <= version.keys()
        jsonschema.validate(version, schema)
    table = external.run("models", "list").out
    assert "champion" in table
    assert max(map(len, table.splitlines())) <= 100


def test_check_and_info_describe_a_healthy_workspace(external: Lab) -> None:
    done = external.run("workspace", "check", "--read-data")
    assert (done.code, done.out.splitlines()[-1]) == (0, "everything is as it was written")
    kinds = external.run("workspace", "info", "--json").json["inventory"]["kinds"]
    assert kinds["models"]["objects"] == 5


def test_check_names_what_is_damaged(external: Lab) -> None:
    [file] = external.workspace.rglob("a.bin")
    file.write_text("model z")
    assert external.run("workspace", "check").code == 0  # sizes only
    done = external.run("workspace", "check", "--read-data")
    assert done.code == 5
    assert file.relative_to(external.workspace).as_posix() in done.out
    assert external.run("models", "download", "fraud@v1", "out").code == 5
    assert not any((external.folder / "out").iterdir())


def test_a_download_never_overwrites_another_file(external: Lab) -> None:
    external.write("out/a.bin", "mine")
    done = external.run("models", "download", "fraud@v1", "out")
    assert (done.code, "another file is in the way" in done.err) == (4, True)
    assert (external.folder / "out/a.bin").read_text() == "mine"


def test_it_works_without_any_repository(external: Lab) -> None:
    (external.folder / ".git").rename(external.folder / "no-git")
    workspace = ("--workspace", ".mlops")
    assert external.run("models", "show", "fraud@v1", *workspace).code == 0
    assert external.run("register", "--model", "fraud", "--file", "m.json", *workspace).code == 0


def test_a_workspace_elsewhere_can_be_made_and_named_by_a_variable(lab: Lab) -> None:
    env = {"MLOPS_CI_WORKSPACE": str(lab.folder.parent / "elsewhere")}
    assert lab.run("workspace", "init", env=env).code == 0
    result = lab.ci(env=env)
    assert result["outcome"] == "promoted"
    assert not lab.workspace.exists()
    assert lab.run("models", "list", "--json", env=env).json[0]["aliases"] == ["champion"]


@pytest.mark.parametrize(
    ("job", "name", "workflow"),
    [
        (
            {
                "GITHUB_ACTIONS": "true", "GITHUB_TRIGGERING_ACTOR": "grace", "GITHUB_REPOSITORY": "acme/ml",
                "GITHUB_WORKFLOW": "release", "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2",
            },
            "grace",
            "release",
        ),
        (
            {
                "TF_BUILD": "True", "BUILD_REQUESTEDFOR": "Grace", "BUILD_DEFINITIONNAME": "release",
                "BUILD_BUILDID": "77", "SYSTEM_JOBATTEMPT": "2",
            },
            "Grace",
            "release",
        ),
    ],
    ids=["github", "azure"],
)  # fmt: skip
def test_what_a_job_registers_and_promotes_names_its_actor_and_its_run(
    lab: Lab, job: dict[str, str], name: str, workflow: str
) -> None:
    lab.write("a.bin", "model a")
    place = ("--workspace", str(lab.folder.parent / "models"))
    assert lab.run("register", "--model", "fraud", "--file", "a.bin", *place, env=job).code == 0
    assert lab.run("promote", "fraud@v1", *place, env=job).code == 0
    assert f"{name}, run 77" in lab.run("models", "history", "fraud", *place).out
    told = lab.run("models", "history", "fraud", "--json", *place).json
    actors = [entry["actor"] for entry in told]
    assert [(actor["name"], actor["workflow"], actor["run_id"], actor["attempt"]) for actor in actors] == [
        (name, workflow, "77", 2)
    ] * len(actors)


@pytest.mark.parametrize("verb", [("promote", "fraud@v1"), ("models", "tag", "fraud@v1", "a=b")])
def test_what_speaks_of_a_version_makes_no_workspace(lab: Lab, verb: tuple[str, ...]) -> None:
    mistyped = lab.folder.parent / "modles"
    done = lab.run(*verb, "--workspace", str(mistyped))
    assert (done.code, "there is no workspace here" in done.err) == (2, True)
    assert not mistyped.exists()
