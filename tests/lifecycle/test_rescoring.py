"""A champion without predictions on today's rows is evaluated anew, by its own code; what cannot be is incomparable."""

from __future__ import annotations

import json
from typing import Any

from tests.support.lab import Lab

NAMED = "rescoring champion v1 on today's evaluation set: evaluate"


def rule_of(found: Any) -> dict[str, Any]:
    return next(rule for rule in found["verdict"]["rules"] if rule["rule"] == "accuracy > baseline")


def why(lab: Lab, outcome: str = "inconclusive") -> str:
    """Why the champion cannot be compared with."""
    found = lab.ci()
    assert found["outcome"] == outcome
    assert rule_of(found)["outcome"] == "incomparable"
    return " ".join(rule_of(found)["reason"].split())


def entries(lab: Lab) -> list[str]:
    return [json.loads(file.read_bytes())["op"] for file in sorted(lab.workspace.glob("models/coin/log/*"))]


def other_data(lab: Lab, skill: float = 0.8) -> None:
    lab.write_rows(500)
    lab.skill(skill)
    lab.commit("more data, another model")


def test_data_changed_and_the_champion_is_rescored_once(lab: Lab) -> None:
    lab.ci()
    other_data(lab)
    done = lab.run("ci")
    assert done.code == 0, done.out + done.err
    assert f"{NAMED} | runs" in done.out
    assert "rescored on this evaluation set, at its commit" in " ".join(done.out.split())
    assert entries(lab) == ["register", "verdict", "alias", "register", "evaluation", "verdict", "alias"]
    champion = next(one for one in lab.versions() if one["version"] == 1)
    assert [one["rows"] for one in champion["evaluations"]] == [400, 500]
    assert lab.ci()["outcome"] == "unchanged"
    lab.skill(0.4)
    lab.commit("worse")
    again = lab.run("ci")
    assert "rescoring" not in again.out
    assert again.code == 1


def test_on_a_branch_nothing_is_recorded_and_the_cache_has_it(lab: Lab) -> None:
    lab.ci()
    lab.git("switch", "--quiet", "--create", "idea")
    other_data(lab)
    before = entries(lab)
    branch = ("--branch", "idea", "--default-branch", "main")
    first, second = (lab.run("gate", *branch) for _ in range(2))
    assert first.code == second.code == 0, first.out
    assert NAMED in first.out and NAMED not in second.out
    assert "champion v1: evaluate | reused" in second.out
    assert entries(lab) == before


def test_a_new_column_a_renamed_file_and_another_place_of_the_data(lab: Lab) -> None:
    lab.ci()
    lab.git("mv", "evaluate.py", "score.py")
    lab.git("mv", "data/rows.csv", "data/wide.csv")
    text = (lab.folder / "data/wide.csv").read_text().splitlines()
    lab.write("data/wide.csv", "\n".join([f"{text[0]},length", *(f"{line},1" for line in text[1:300])]) + "\n")
    lab.edit("mlops.yaml", "python evaluate.py", "python score.py")
    lab.edit("mlops.yaml", "[evaluate.py", "[score.py")
    lab.edit("mlops.yaml", "data/rows.csv", "data/wide.csv")
    lab.edit("mlops.yaml", "build/predictions.csv", "build/scored.csv")
    lab.edit("mlops.yaml", "{path: build/predictions.csv}", "{path: build/scored.csv}")
    lab.edit("score.py", "data/rows.csv", "data/wide.csv")
    lab.edit("score.py", "build/predictions.csv", "build/scored.csv")
    lab.edit("train.py", "data/rows.csv", "data/wide.csv")
    lab.skill(0.9)
    lab.commit("all is elsewhere")
    found = lab.ci()
    assert found["outcome"] == "promoted", found
    assert rule_of(found)["baseline"] is not None
