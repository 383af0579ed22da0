"""Several models asked together."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.errors import IntegrityError
from mlops_ci.records.serving import ServedModel
from mlops_ci.serving.contracts import RequestError
from mlops_ci.serving.served import Served
from tests.serving.small_models import ensemble, mixed_model, side_model, sum_model, write_package


def served(folder: Path, *models: ServedModel) -> Served:
    return Served(write_package(folder, *models), lambda _: None, lambda *_: None)


def score(served: Served, name: str, rows: Any) -> dict[str, Any]:
    import json

    endpoint = served.of_tensors(name)
    tensors = endpoint.score.decode(json.dumps(rows).encode())
    answer = asyncio.run(endpoint.compute(tensors, len(rows)))
    found: dict[str, Any] = json.loads(endpoint.score.encode("id", answer).body)
    return found


def test_a_mean_of_values_is_weighted_and_keeps_the_precision_of_each_member(tmp_path: Path) -> None:
    models = [sum_model(tmp_path, "one"), sum_model(tmp_path, "ten", factor=10.0, dtype="float64")]
    signature = models[0].inputs
    both = ensemble("both", "one", "ten", weights=(3.0, 1.0), inputs=signature)
    found = served(tmp_path, *models, both)
    assert [(one.name, one.type) for one in found.of_tensors("both").inputs] == [
        ("x0", "float64"), ("x1", "float64"), ("x2", "float64")
    ]  # fmt: skip
    assert score(found, "both", [[1, 1, 1], [2, 2, 2]])["predictions"] == [9.75, 19.5]
    assert score(found, "ten", [[0.1, 0, 0]])["predictions"] == [1.0]
    exact = score(found, "both", [[0.1, 0, 0]])["predictions"][0]
    assert exact == pytest.approx(0.325, abs=1e-8)


def test_a_mean_of_probabilities_puts_classes_in_one_order(tmp_path: Path) -> None:
    models = [side_model(tmp_path, "plain"), side_model(tmp_path, "turned", ("high", "low"))]
    found = served(tmp_path, *models, ensemble("both", "plain", "turned", inputs=models[0].inputs))
    answer = score(found, "both", [[0.75]])
    assert answer["classes"] == ["low", "high"]
    assert answer["probabilities"] == [[0.5, 0.5]]
    assert answer["predictions"] == ["low"], "of equal ones the first"


def test_a_vote_counts_labels_by_weight(tmp_path: Path) -> None:
    models = [side_model(tmp_path, name, ("high", "low") if name == "c" else ("low", "high")) for name in "abc"]
    inputs = models[0].inputs
    votes = ensemble("votes", "a", "b", "c", combine="vote", inputs=inputs)
    heavy = ensemble("heavy", "a", "b", "c", combine="vote", weights=(1.0, 1.0, 3.0), inputs=inputs)
    found = served(tmp_path, *models, votes, heavy)
    assert score(found, "votes", [[0.9], [0.1]])["predictions"] == ["high", "low"]
    assert score(found, "heavy", [[0.9], [0.1]])["predictions"] == ["low", "high"]
    assert "probabilities" not in score(found, "votes", [[0.9]])


@pytest.mark.parametrize(
    ("members", "combine"), [(("sum", "side"), "mean"), (("sum", "sum"), "vote"), (("side", "other"), "mean")]
)
def test_members_that_do_not_go_together_are_told_at_the_start(
    tmp_path: Path, members: tuple[str, ...], combine: str
) -> None:
    models = [sum_model(tmp_path), side_model(tmp_path), side_model(tmp_path, "other", ("no", "yes"))]
    with pytest.raises(IntegrityError):
        served(tmp_path, *models, ensemble("both", *members, combine=combine, inputs=models[0].inputs))


def test_texts_come_back_as_they_were(tmp_path: Path) -> None:
    found = served(tmp_path, mixed_model(tmp_path))
    assert score(found, "mixed", [[1, 5, True, "x"]])["predictions"] == [5]
    with pytest.raises(RequestError):
        found.any("other")
