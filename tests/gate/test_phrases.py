from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlops_ci.gate.comparing.phrases import metric_label, number, rule_label
from mlops_ci.gate.comparing.undecided import what_it_takes
from mlops_ci.project.rules import parse_rule
from mlops_ci.statistics import Estimate
from tests.conftest import Golden
from tests.gate.parts import right_in

RULES = """\
accuracy > baseline
accuracy >= baseline
accuracy >= baseline - 0.02
accuracy > baseline + 0.01
accuracy >= baseline * 0.98
accuracy >= baseline * 1.05
accuracy >= 0.80
accuracy > 0.8
accuracy <= baseline
accuracy <= baseline - 0.1
roc_auc >= baseline - 0.005
roc_auc >= @anchor - 0.01
roc_auc > @v12
log_loss <= baseline * 1.02
log_loss < baseline
log_loss <= baseline + 0.001
log_loss < baseline * 0.9
log_loss >= baseline * 0.5
rmse <= 1e-7
rmse < 12000000
mae <= baseline
r2 >= -0.5
recall[late] >= baseline
f_beta(2, macro) > baseline + 0.01
ndcg(10) >= baseline * 0.98
quantile(latency, 0.95) <= baseline
calibration_error(10) <= baseline + 0.01
win_rate(score) > 0.5
latency_ms <= 20
latency_ms <= baseline * 1.1
latency_ms < baseline + 2
profit >= @best
"""


def test_rules_read_as_people_say_them(golden: Golden) -> None:
    texts = RULES.splitlines()
    golden("labels.txt", "".join(f"{text:44}{rule_label(parse_rule(text))}\n" for text in texts))


@pytest.mark.parametrize(
    ("name", "label"),
    [("roc_auc", "ROC AUC"), ("f_beta(2, macro)", "F2, macro"), ("recall[late]", "recall of late"), ("profit", None),
     ("ndcg(1e400)", None), ("roc_auc(banana)", None), ("a|b", None), ("accuracy(", None)],
)  # fmt: skip
def test_a_metric_that_is_known_has_a_name_for_people(name: str, label: str | None) -> None:
    assert metric_label(name) == label


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.8, "0.8"), (1.0, "1"), (20.0, "20"), (1e-7, "0.0000001"), (1.2e7, "12000000"), (-0.5, "−0.5"), (0.0, "0"),
     (-0.0, "0"), (0.1 + 0.2, "0.30000000000000004")],
)  # fmt: skip
def test_a_number_is_written_as_its_author_would(value: float, text: str) -> None:
    assert number(value) == text


def test_one_row_and_one_group_are_singular() -> None:
    unknown = Estimate.unknown(0.5, "m")
    assert what_it_takes(None, 1, "", unknown) == "1 row cannot tell"
    assert what_it_takes(2, 1, "so", unknown) == "1 row cannot tell; about 1 more row would, if so"
    grouped = replace(right_in(3, 4), group=np.zeros(4, dtype=np.int64))
    assert what_it_takes(None, grouped, "", unknown) == "1 group cannot tell"
