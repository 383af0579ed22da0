"""Two jobs: one runs the user's code and leaves a bundle, another judges and publishes it, and believes little."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab import Done, Lab, tree_bytes


def train(lab: Lab, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    done = lab.run("run", "--read-only", "--bundle", str(folder))
    assert done.code == 0, done.err


def publish(lab: Lab, folder: Path, *more: str) -> Done:
    """In a checkout without the data: nothing of the pipeline can run there."""
    rows = lab.folder / "data" / "rows.csv"
    text = rows.read_text()
    lab.git("update-index", "--assume-unchanged", "data/rows.csv")
    rows.unlink()
    try:
        return lab.run("ci", "--json", "--bundle", str(folder), *more)
    finally:
        rows.write_text(text)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return tmp_path / "bundle"


def test_the_first_job_leaves_the_workspace_as_it_is(lab_with_champion: Lab, bundle: Path) -> None:
    before = tree_bytes(lab_with_champion.workspace)
    lab_with_champion.skill(0.8)
    lab_with_champion.commit()
    train(lab_with_champion, bundle)
    assert tree_bytes(lab_with_champion.workspace) == before


def test_two_jobs_come_to_what_one_comes_to(lab_with_champion: Lab, bundle: Path, tmp_path: Path) -> None:
    alone, shared = lab_with_champion, Lab.existing(tmp_path / "other")
    shutil.copytree(alone.folder, shared.folder, symlinks=True)
    # The better one wins, the worse one is refused, a README changes nothing.
    for skill, readme in ((0.8, "old"), (0.4, "old"), (0.4, "new")):
        for lab in (alone, shared):
            lab.skill(skill)
            lab.write("README.md", readme)
            lab.commit()
        expected = alone.ci()
        train(shared, bundle)
        found = publish(shared, bundle)
        assert found.code == expected["code"], found.err
        assert (found.json["outcome"], found.json["version"]) == (expected["outcome"], expected["version"])
        if expected["verdict"]:
            for key in ("outcome", "rules", "evaluation_set", "rules_digest", "summary"):
                assert found.json["verdict"][key] == expected["verdict"][key]
    for key in ("digest", "fingerprint", "metrics", "params", "datasets", "environment", "signature", "files"):
        assert [one.get(key) for one in alone.versions()] == [one.get(key) for one in shared.versions()], key
    assert shared.champion() == alone.champion() == 2
    assert shared.run("workspace", "check").code == 0


def test_publishing_again_changes_nothing(lab_with_champion: Lab, bundle: Path) -> None:
    lab_with_champion.skill(0.8)
    lab_with_champion.commit()
    train(lab_with_champion, bundle)
    assert publish(lab_with_champion, bundle).json["outcome"] == "promoted"
    versions = lab_with_champion.versions()
    assert publish(lab_with_champion, bundle).json["outcome"] == "unchanged"
    assert lab_with_champion.versions() == versions


def test_a_branch_is_judged_and_nothing_registered(lab_with_champion: Lab, bundle: Path) -> None:
    lab_with_champion.git("switch", "--quiet", "--create", "idea")
    lab_with_champion.skill(0.4)
    lab_with_champion.commit()
    train(lab_with_champion, bundle)
    found = publish(lab_with_champion, bundle)
    assert (found.code, found.json["outcome"], found.json["version"]) == (1, "refused", None)


@pytest.fixture(scope="module")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lab with a bundle beside it, whose model would be refused."""
    folder = tmp_path_factory.mktemp("trained")
    lab = Lab(folder / "coin")
    lab.commit("first")
    lab.ci()
    lab.skill(0.4)
    lab.commit("worse")
    train(lab, folder / "bundle")
    lab.git("update-index", "--assume-unchanged", "data/rows.csv")
    return folder


Manifest = dict[str, Any]


def _replaced(folder: Path, manifest: Manifest, path: str, data: bytes) -> None:
    """Replace a file, and say so in the manifest as it ought to be said."""
    digest = hashlib.sha256(data).hexdigest()
    (folder / "objects" / digest).write_bytes(data)
    for file in manifest["files"]:
        if file["path"] == path:
            file.update(digest=f"sha256:{digest}", size=len(data))


def _object(folder: Path, manifest: Manifest) -> Path:
    return folder / "objects" / str(manifest["files"][0]["digest"]).removeprefix("sha256:")


def _linked(folder: Path, manifest: Manifest) -> None:
    place = _object(folder, manifest)
    place.rename(folder.parent / "elsewhere")
    place.symlink_to(folder.parent / "elsewhere")


def _linked_folder(folder: Path, manifest: Manifest) -> None:
    (folder / "objects").rename(folder.parent / "elsewhere")
    (folder / "objects").symlink_to(folder.parent / "elsewhere")


def _pipe(folder: Path, manifest: Manifest) -> None:
    _object(folder, manifest).unlink()
    os.mkfifo(_object(folder, manifest))


def _longer(folder: Path, manifest: Manifest) -> None:
    with _object(folder, manifest).open("r+b") as file:
        file.truncate(1 << 40)  # a terabyte of nothing


def _set(path: str, value: Any) -> Callable[[Path, Manifest], None]:
    def change(folder: Path, manifest: Manifest) -> None:
        *way, last = path.split(".")
        place: Any = manifest
        for key in way:
            place = place[int(key)] if key.isdecimal() else place[key]
        place[int(last) if last.isdecimal() else last] = value

    return change


def _twice(folder: Path, manifest: Manifest) -> None:
    manifest["files"].append(manifest["files"][0])


def _below_a_file(folder: Path, manifest: Manifest) -> None:
    file = next(file for file in manifest["files"] if file["path"] == "build/model.txt")
    manifest["files"].append(file | {"path": "build/model.txt/inside"})


def _without_predictions(folder: Path, manifest: Manifest) -> None:
    manifest["files"] = [file for file in manifest["files"] if "predictions" not in file["path"]]


def _no_numbers(folder: Path, manifest: Manifest) -> None:
    _replaced(folder, manifest, "build/predictions.csv", b"id,target,prediction\nr0,nan,nan\n")


def _no_table(folder: Path, manifest: Manifest) -> None:
    _replaced(folder, manifest, "build/predictions.csv", b"\0\xff" * 1000)


def _missing(folder: Path, manifest: Manifest) -> None:
    _object(folder, manifest).unlink()


HOSTILE: dict[str, Callable[[Path, Manifest], None]] = {
    "a path that leads out": _set("files.0.path", "../../evil"),
    "an absolute path": _set("files.0.path", "/etc/passwd"),
    "a path inside that is not what it seems": _set("files.0.path", "build/../../evil"),
    "a path that no step writes": _set("files.0.path", "train.py"),
    "a path with a zero byte": _set("files.0.path", "build/model.txt\0"),
    "a digest that is a path": _set("files.0.digest", "sha256:../../../etc/passwd"),
    "another digest": _set("files.0.digest", f"sha256:{'0' * 64}"),
    "another size": _set("files.0.size", 1),
    "a negative size": _set("files.0.size", -1),
    "a size that fits nowhere": _set("files.0.size", 1 << 60),
    "no number": _set("run.seconds", float("nan")),
    "a time before it began": _set("run.steps.0.seconds", -1.0),
    "a time that nobody has": _set("run.steps.0.cpu_seconds", 1e300),
    "another commit": _set("head", "f" * 40),
    "another author's commit": _set("run.commit.sha", "f" * 40),
    "another model": _set("model", "dice"),
    "another model's run": _set("run.model_name", "dice"),
    "another fingerprint": _set("run.fingerprint", f"sha256:{'0' * 64}"),
    "a run that failed": _set("run.status", "failed"),
    "a run's name that is a path": _set("run.id", "../../models/coin"),
    "a run of tomorrow": _set("run.started", "2999-01-01T00:00:00.000Z"),
    "a run of no time": _set("run.started", "9"),
    "no steps": _set("run.steps", []),
    "other data": _set("run.datasets", {}),
    "data with no digest": _set("run.datasets.rows.digest", "x"),
    "another format": _set("format", 2),
    "no format": _set("format", "1"),
    "a link": _linked,
    "a folder behind a link": _linked_folder,
    "a pipe": _pipe,
    "a file without end": _longer,
    "a file named twice": _twice,
    "a file below a file": _below_a_file,
    "a missing file": _missing,
    "no predictions": _without_predictions,
    "predictions that are no numbers": _no_numbers,
    "predictions that are no table": _no_table,
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_bundle_is_refused_in_one_line_and_leaves_nothing(_trained: Path, tmp_path: Path, how: str) -> None:
    shutil.copytree(_trained, tmp_path / "job", symlinks=True)
    lab, bundle = Lab.existing(tmp_path / "job" / "coin"), tmp_path / "job" / "bundle"
    (lab.folder / "data" / "rows.csv").unlink()
    manifest = json.loads((bundle / "bundle.json").read_text())
    HOSTILE[how](bundle, manifest)
    (bundle / "bundle.json").write_text(json.dumps(manifest))
    before = tree_bytes(lab.workspace)
    done = lab.run("ci", "--bundle", str(bundle))
    assert done.code == 5, done.err + done.out
    assert done.err.startswith("mlops-ci: error[5]: ")
    assert len(done.err.splitlines()) == 1
    assert tree_bytes(lab.workspace) == before


def test_a_manifest_that_is_too_long_a_link_or_not_the_one_that_was_told_is_refused(
    _trained: Path, tmp_path: Path
) -> None:
    shutil.copytree(_trained, tmp_path / "job", symlinks=True)
    lab, manifest = Lab.existing(tmp_path / "job" / "coin"), tmp_path / "job" / "bundle" / "bundle.json"
    told = f"sha256:{hashlib.sha256(manifest.read_bytes()).hexdigest()}"
    assert lab.run("ci", "--bundle", str(manifest.parent), "--bundle-digest", f"sha256:{'0' * 64}").code == 5
    assert lab.run("ci", "--bundle", str(manifest.parent), "--bundle-digest", told).code == 1
    manifest.rename(tmp_path / "elsewhere")
    manifest.symlink_to(tmp_path / "elsewhere")
    assert lab.run("ci", "--bundle", str(manifest.parent)).code == 5
    manifest.unlink()
    assert lab.run("ci", "--bundle", str(manifest.parent)).code == 2
    manifest.write_bytes(b" " * (17 << 20))
    assert lab.run("ci", "--bundle", str(manifest.parent)).code == 5


def test_numbers_that_a_bundle_claims_count_for_nothing(_trained: Path, tmp_path: Path) -> None:
    shutil.copytree(_trained, tmp_path / "job", symlinks=True)
    lab, file = Lab.existing(tmp_path / "job" / "coin"), tmp_path / "job" / "bundle" / "bundle.json"
    (lab.folder / "data" / "rows.csv").unlink()
    manifest = json.loads(file.read_text())
    manifest["run"]["metrics"] = {"accuracy": 1.0}
    manifest["run"]["params"] = {"train": {"skill": 1.0}}
    manifest["run"]["commit"]["author"] = "somebody else"
    file.write_text(json.dumps(manifest))
    done = lab.run("ci", "--json", "--bundle", str(file.parent))
    assert (done.code, done.json["outcome"]) == (1, "refused")
    run = lab.run("runs", "show", done.json["run"], "--json").json
    assert run["metrics"]["accuracy"] < 0.5
    assert run["params"]["train"]["skill"] == 0.4
    assert run["commit"]["author"] == "tester <tester@localhost>"


def test_a_place_that_is_taken_is_refused_before_anything_runs(lab: Lab, bundle: Path) -> None:
    bundle.mkdir()
    (bundle / "something").write_text("")
    done = lab.run("run", "--bundle", str(bundle))
    assert (done.code, "there is something already" in done.err) == (2, True)
    assert lab.run("run", "--bundle", str(bundle), "--only", "train").code == 2
