"""Running steps: order, cache, failures."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.lab import Lab, tree_bytes

TWO_BRANCHES = """\
version: 1
model: {name: two, files: [build/c]}
steps:
  a: {run: "sleep 0.6; echo a > build/a", inputs: [a.txt], outputs: [build/a]}
  b: {run: "sleep 0.6; echo b > build/b", inputs: [b.txt], outputs: [build/b]}
  c: {run: "cat build/a build/b > build/c", inputs: [build/a, build/b], outputs: [build/c]}
"""


def statuses(done: Any) -> dict[str, str]:
    return {step["name"]: step["status"] for step in done["steps"]}


def runs(lab: Lab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab.run("runs", "list", "--json").json
    return found


@pytest.fixture
def two(lab: Lab) -> Lab:
    lab.write("mlops.yaml", TWO_BRANCHES)
    lab.write("a.txt", "a")
    lab.write("b.txt", "b")
    lab.commit()
    return lab


def test_independent_steps_run_side_by_side(two: Lab) -> None:
    done = two.run("run")
    lines = done.out.splitlines()
    started = [index for index, line in enumerate(lines) if "runs:" in line]
    ended = [index for index, line in enumerate(lines) if "ran," in line]
    assert started[1] < ended[0], done.out


def test_a_step_whose_inputs_come_out_the_same_is_reused(two: Lab) -> None:
    two.run("run")
    two.write("a.txt", "another a that makes the same output")
    assert statuses(two.run("run", "--json").json) == {"a": "ran", "b": "reused", "c": "reused"}


def test_what_is_not_to_be_stored_is_made_again_when_somebody_needs_it(two: Lab) -> None:
    two.edit("mlops.yaml", "outputs: [build/a]", "outputs: [{path: build/a, store: false}]")
    two.run("run")
    objects = [file.read_bytes() for file in (two.workspace / "cache" / "objects").rglob("*") if file.is_file()]
    assert sorted(objects) == [b"a\nb\n", b"b\n"]
    assert set(statuses(two.run("run", "--json").json).values()) == {"reused"}
    two.write("b.txt", "x")
    two.edit("mlops.yaml", "echo b > build/b", "echo bb > build/b")
    assert statuses(two.run("run", "--json").json) == {"a": "ran", "b": "reused", "c": "ran"}


def test_force_runs_everything_again(two: Lab) -> None:
    two.run("run")
    assert set(statuses(two.run("run", "--json", "--force").json).values()) == {"ran"}


def test_restore_copies_the_outputs_into_the_working_tree(two: Lab) -> None:
    two.run("run")
    assert not (two.folder / "build").exists()
    done = two.run("run", "--restore")
    assert "restored build/c" in done.out
    assert (two.folder / "build/c").read_text() == "a\nb\n"


def test_a_failing_step_leaves_no_output_and_a_record_with_the_end_of_its_log(lab: Lab) -> None:
    lab.write("train.py", "open('build/model.txt', 'w').write('half')\nprint('before')\nraise SystemExit(7)\n")
    lab.commit()
    done = lab.run("ci")
    assert done.code == 2
    assert done.err == "mlops-ci: error[2]: step train failed with exit code 7; its log is above\n"
    [run] = runs(lab)
    assert (run["status"], run["error"]) == ("failed", "step train failed with exit code 7; its log is above")
    assert statuses(run) == {"train": "failed", "evaluate": "not run"}
    assert run["steps"][0]["log_tail"] == ["before"]
    assert not any(b"half" in content for content in tree_bytes(lab.workspace).values())


def test_after_a_failure_the_finished_steps_are_not_run_again(lab: Lab) -> None:
    good = (lab.folder / "evaluate.py").read_text()
    lab.write("evaluate.py", "raise SystemExit(1)\n")
    lab.commit("broken")
    assert lab.run("ci").code == 2
    lab.write("evaluate.py", good)
    lab.commit("mended")
    result = lab.ci()
    assert statuses(lab.run("runs", "show", result["run"], "--json").json) == {"train": "reused", "evaluate": "ran"}


def test_a_step_that_forgets_an_output_fails(lab: Lab) -> None:
    lab.write("train.py", "print('nothing')\n")
    lab.commit()
    done = lab.run("ci")
    assert (done.code, done.err) == (
        2,
        "mlops-ci: error[2]: step train did not write 'build/model.txt'; write it, or take it out of the outputs\n",
    )


def test_a_step_over_its_time_is_ended_with_all_its_children(lab: Lab) -> None:
    lab.edit("mlops.yaml", "run: python train.py", 'run: "sleep 60 & sleep 60"\n    timeout: 0.5s')
    lab.commit()
    done = lab.run("ci")
    assert (done.code, "ran longer than its timeout of 0.5 s" in done.err) == (2, True)


def test_a_step_that_is_killed_is_an_environment_failure(lab: Lab) -> None:
    lab.edit("mlops.yaml", "run: python train.py", "run: kill -KILL $$")
    lab.commit()
    done = lab.run("ci")
    assert (done.code, "was killed by SIGKILL; it was probably out of memory" in done.err) == (3, True)


def test_time_processor_and_memory_of_each_step_are_recorded(lab: Lab) -> None:
    result = lab.ci()
    for step in lab.run("runs", "show", result["run"], "--json").json["steps"]:
        assert step["seconds"] > 0
        assert 0 < step["cpu_seconds"] < 60
        assert step["peak_memory"] > 1_000_000


@pytest.mark.parametrize("damage", ["flip", "delete"])
def test_a_damaged_cache_object_is_made_again(lab: Lab, damage: str) -> None:
    lab.ci()
    [model] = [path for path in (lab.workspace / "cache/objects").iterdir() if path.read_bytes().startswith(b"0.6 ")]
    if damage == "flip":
        model.write_bytes(b"9.9 0")
    else:
        model.unlink()
    lab.write("evaluate.py", (lab.folder / "evaluate.py").read_text() + "# needs the model\n")
    lab.commit()
    result = lab.ci()
    assert result["outcome"] == "unchanged"
    run = lab.run("runs", "show", result["run"], "--json").json
    assert statuses(run) == {"train": "ran", "evaluate": "ran"}
    said = "damaged in the cache" if damage == "flip" else "not in the cache"
    assert run["steps"][0]["reasons"] == [f"build/model.txt is {said}"]
    assert model.read_bytes() == b"0.6 0"


def test_a_torn_cache_result_is_as_good_as_none(lab: Lab) -> None:
    lab.ci()
    for path in (lab.workspace / "cache/steps").iterdir():
        path.write_bytes(path.read_bytes()[:20])
    assert statuses(lab.run("run", "--json").json) == {"train": "ran", "evaluate": "ran"}
    assert lab.ci()["outcome"] == "unchanged"


def test_the_result_files_are_kept_with_the_run(lab: Lab) -> None:
    lab.edit("mlops.yaml", "outputs: [build/model.txt]", "outputs: [{path: build/model.txt, store: true}]")
    lab.commit()
    result = lab.ci()
    files = lab.workspace / "runs" / result["run"] / "files"
    assert (files / "build/model.txt").read_text() == "0.6 0"
    assert json.loads((files / "build/metrics.json").read_text()) == {"size": 10}


def test_folders_can_be_inputs_and_outputs(lab: Lab) -> None:
    lab.write("src/one.txt", "1")
    lab.write("src/deep/two.txt", "2")
    lab.write(
        "mlops.yaml",
        """\
version: 1
model: {name: tree, files: [out]}
steps:
  copy: {run: "mkdir out && cp -r src/. out", inputs: [src/], outputs: [out]}
  count: {run: "find out -type f | wc -l > count", inputs: [out], outputs: [count]}
""",
    )
    lab.commit()
    assert lab.run("run", "--restore").code == 0
    assert (lab.folder / "count").read_text().strip() == "2"
    assert lab.ci()["outcome"] == "passed"
    assert [file["path"] for file in lab.versions()[0]["files"]] == ["out/deep/two.txt", "out/one.txt"]


def test_a_cached_result_that_names_other_files_is_not_believed(lab: Lab) -> None:
    lab.ci()
    for path in (lab.workspace / "cache/steps").iterdir():
        path.write_text(path.read_text().replace("build/model.txt", "build/../../escaped.txt"))
    result = lab.run("run", "--json", "--restore")
    assert statuses(result.json) == {"train": "ran", "evaluate": "reused"}
    assert not list(lab.folder.parent.glob("escaped.txt"))


@pytest.mark.parametrize("force", [False, True])
def test_results_that_nobody_downstream_needs_are_healed_too(lab: Lab, force: bool) -> None:
    lab.ci()
    for path in (lab.workspace / "cache/objects").iterdir():
        path.write_bytes(b"rotten")
    assert lab.ci(*(["--force"] if force else []))["outcome"] == "unchanged"
    assert lab.ci()["outcome"] == "unchanged"


def test_an_executable_bit_is_part_of_an_input(lab: Lab) -> None:
    lab.write("go.sh", "#!/bin/sh\necho 1 > out\n")
    (lab.folder / "go.sh").chmod(0o755)
    lab.write(
        "mlops.yaml",
        "version: 1\nmodel: {name: go}\nsteps:\n  go: {run: ./go.sh, inputs: [go.sh], outputs: [out]}\n",
    )
    lab.commit()
    assert lab.run("run").code == 0
    (lab.folder / "go.sh").chmod(0o644)
    assert lab.run("run").code == 2


def test_a_folder_may_hold_tracked_files_and_outputs(lab: Lab) -> None:
    lab.write("data/raw.txt", "raw")
    lab.write(
        "mlops.yaml",
        "version: 1\nmodel: {name: mixed, files: [all]}\nsteps:\n"
        "  clean: {run: echo clean > data/clean.txt, inputs: [data/raw.txt], outputs: [data/clean.txt]}\n"
        "  list: {run: ls data > all, inputs: [data], outputs: [all]}\n",
    )
    lab.commit()
    lab.run("run", "--restore")
    assert (lab.folder / "all").read_text().split() == ["clean.txt", "raw.txt", "rows.csv"]


def test_only_runs_a_step_and_what_it_needs_and_asks_for_no_evaluation(lab: Lab) -> None:
    run = lab.run("run", "--json", "--only", "train")
    assert run.code == 0, run.err
    assert statuses(run.json) == {"train": "ran"}
    assert (run.json["status"], run.json["evaluation"]) == ("succeeded", None)
    both = lab.run("run", "--json", "--only", "evaluate").json
    assert statuses(both) == {"train": "reused", "evaluate": "ran"}
    assert both["metrics"].keys() >= {"accuracy", "f1", "size"}
