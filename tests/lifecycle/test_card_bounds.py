"""A model card says how sure each metric is."""

from __future__ import annotations

import re

from tests.support.lab import Lab


def metrics_of(card: str) -> dict[str, tuple[str, str, str]]:
    rows = re.findall(r"^\| `([a-z_]+)` \| (\S+) \| (\S+) \| (\S+) \|$", card, re.MULTILINE)
    return {name: (value, lower, upper) for name, value, lower, upper in rows}


def test_the_card_of_a_first_model_has_bounds_of_each_metric_that_has_rows(lab: Lab) -> None:
    lab.ci()
    card = lab.run("models", "card", "coin@champion").out
    found = metrics_of(card)
    value, lower, upper = map(float, found["accuracy"])
    assert lower < value < upper and upper - lower < 0.1, "of 400 rows"
    assert found["size"] == ("10", "–", "–")
    assert "Bounds that are not known of `size`: a number without rows." in card


def test_a_card_made_without_the_project_says_why_it_has_no_bounds(lab: Lab) -> None:
    lab.ci()
    project = (lab.folder / "mlops.yaml").read_text()
    lab.write("mlops.yaml", project.replace("name: coin", "name: other"))
    card = lab.run("models", "card", "coin@champion").out
    assert metrics_of(card)["accuracy"][1:] == ("–", "–")
    assert "which knows how to read the predictions, is not here" in card


def test_predictions_that_say_another_value_bound_nothing(lab: Lab) -> None:
    lab.ci()
    project = (lab.folder / "mlops.yaml").read_text()
    lab.write("mlops.yaml", project.replace("build/predictions.csv}", "build/predictions.csv, prediction: target}"))
    card = lab.run("models", "card", "coin@champion").out
    assert metrics_of(card)["accuracy"][1:] == ("–", "–")
    assert "are not those that it was computed from" in card
