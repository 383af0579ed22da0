"""The journey of a commit whose training has seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lab import Lab

# What a seed adds to the skill: the first model is a lucky one.
LUCK = "{'0': 0.12, '1': 0.0, '2': -0.06}[os.environ['MLOPS_CI_SEED']]"


@pytest.fixture
def lucky(lab_with_champion: Lab) -> Lab:
    """A champion of one training, and a commit that trains the same recipe with three seeds."""
    lab = lab_with_champion
    lab.edit("train.py", "import yaml\n", "import os, yaml\n")
    lab.edit("train.py", "{params['skill']}", f"{{params['skill'] + {LUCK}}}")
    lab.edit("mlops.yaml", "    run: python train.py\n", "    run: python train.py\n    seeds: 3\n")
    lab.commit("three seeds")
    return lab


def test_a_lucky_model_is_not_promoted_and_the_report_says_how_much_training_varies(lucky: Lab) -> None:
    result = lucky.ci()
    assert result["outcome"] == "inconclusive"
    rule = result["verdict"]["rules"][0]
    assert rule["method"].endswith(", 3 trainings against 1")
    assert (rule["seeds"]["candidate"], rule["seeds"]["baseline"], rule["seeds"]["baseline_deviation"]) == (3, 1, None)
    [newest, _] = lucky.versions()
    [evaluation] = newest["evaluations"]
    values = evaluation["seeds"]["accuracy"]
    assert len(values) == 3
    assert values[0] == newest["metrics"]["accuracy"] > max(values[1:])
    assert rule["candidate"] == pytest.approx(sum(values) / 3)
    assert evaluation["seeds"]["size"] == [10.0, 10.0, 10.0]

    # What is recorded of a champion is what the next one is held against: by then both have three trainings.
    assert lucky.run("promote", "coin@v2", "--reason", "three trainings are known of it").code == 0
    lucky.skill(0.85)
    lucky.commit("better by more than training varies")
    better = lucky.ci()
    assert better["outcome"] == "promoted"
    assert better["verdict"]["rules"][0]["seeds"]["baseline"] == 3
    assert better["verdict"]["rules"][0]["method"].endswith(", 3 trainings")
    assert "accuracy: 3 trainings, standard deviation" in lucky.run("report").out


def test_seeds_that_split_the_rows_are_refused(lucky: Lab) -> None:
    lucky.edit(
        "evaluate.py",
        "        luck = ",
        "        if row['id'] == 'r7' and skill < '0.6':\n            continue\n        luck = ",
    )
    lucky.commit()
    done = lucky.run("ci", "--host", "local")
    assert done.code == 2
    assert "seed 2 was evaluated on other rows than seed 0 (other ids or targets)" in done.err


def test_a_bundle_carries_what_the_seeds_have_left_and_nothing_is_believed(lucky: Lab, tmp_path: Path) -> None:
    lucky.edit("mlops.yaml", "    - size <= 100\n", "    - size <= 100\n    - f_beta( 2 ) >= 0.1\n")
    lucky.commit("a metric with an argument")
    bundle = tmp_path / "bundle"
    assert lucky.run("run", "--bundle", str(bundle), "--host", "local").code == 0
    manifest = bundle / "bundle.json"
    honest = manifest.read_text()
    whole, seeds = honest[: (cut := honest.rindex(',"seeds":'))], honest[cut:]
    for forged, why in (
        (whole + ',"seeds":[]}', "the bundle has the results of other seeds"),
        (whole + seeds.replace("build/metrics.json", "build/../../metrics.json"), "a file is no output"),
    ):
        manifest.write_text(forged)
        done = lucky.run("ci", "--bundle", str(bundle), "--host", "local")
        assert (done.code, why in done.err) == (5, True), done.err
    assert honest.count('"size":[10.0,10.0,10.0]') == 1
    manifest.write_text(honest.replace('"size":[10.0,10.0,10.0]', '"size":[1.0,1.0,1.0]'))
    result = lucky.run("ci", "--bundle", str(bundle), "--host", "local", "--json").json
    assert result["verdict"]["rules"][0]["seeds"]["candidate"] == 3
    seeds = lucky.versions()[0]["evaluations"][0]["seeds"]
    assert (seeds["size"], len(set(seeds["f_beta(2)"]))) == ([10.0, 10.0, 10.0], 3)
