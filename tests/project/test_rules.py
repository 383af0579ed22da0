from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mlops_ci.project.rules import Bound, parse_rule


@pytest.mark.parametrize(
    ("text", "metric", "operator", "bound"),
    [
        ("accuracy > baseline", "accuracy", ">", Bound("baseline", 1.0, 0.0)),
        ("roc_auc >= baseline - 0.005", "roc_auc", ">=", Bound("baseline", 1.0, -0.005)),
        ("roc_auc>=baseline-5e-3", "roc_auc", ">=", Bound("baseline", 1.0, -0.005)),
        ("recall >= baseline + .01", "recall", ">=", Bound("baseline", 1.0, 0.01)),
        ("log_loss <= baseline * 1.02", "log_loss", "<=", Bound("baseline", 1.02, 0.0)),
        ("roc_auc >= @anchor - 0.01", "roc_auc", ">=", Bound("@anchor", 1.0, -0.01)),
        ("roc_auc > @v12", "roc_auc", ">", Bound("@v12", 1.0, 0.0)),
        ("accuracy >= 0.80", "accuracy", ">=", Bound(None, 0.0, 0.8)),
        ("latency_ms < 20", "latency_ms", "<", Bound(None, 0.0, 20.0)),
        ("bias >= -1.5E-1", "bias", ">=", Bound(None, 0.0, -0.15)),
        ("bias >= +2.", "bias", ">=", Bound(None, 0.0, 2.0)),
        ("eval.f1-macro > 0", "eval.f1-macro", ">", Bound(None, 0.0, 0.0)),
    ],
)
def test_a_rule_is_read_as_it_is_written(text: str, metric: str, operator: str, bound: Bound) -> None:
    rule = parse_rule(text)
    assert (rule.metric, rule.operator, rule.bound) == (metric, operator, bound)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "accuracy", "accuracy >", "> 0.8", "accuracy = 0.8", "accuracy == 0.8", "accuracy => 0.8",
        "accuracy > > 0.8", "0.8 < accuracy", "accuracy > better", "accuracy > baseline baseline",
        "accuracy > baseline / 2", "accuracy > baseline - ", "accuracy > baseline - 0.1 - 0.1", "accuracy > 0.1 + 0.1",
        "accuracy > 0.8; rm -rf /", "accuracy > 0,8", "accuracy > 1_000", "accuracy > ٣", "accurący > 0.8",
        "accuracy > @", "accuracy > champion", "accuracy > Baseline", "accuracy > BASELINE", "acc uracy > 0.8",
        "accuracy ≥ 0.8", "accuracy > 0x1F", "2fa > 0.1", "accuracy > baseline0.1",
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a rule: .*write 'accuracy > baseline'"):
        parse_rule(text)


@pytest.mark.parametrize("text", ["accuracy >= 80%", "accuracy >= baseline - 1 %"])
def test_a_percentage_is_refused_as_ambiguous(text: str) -> None:
    with pytest.raises(ValueError, match="as a fraction"):
        parse_rule(text)


@pytest.mark.parametrize("text", ["NaN", ".nan", "inf", "-inf", "+.INF", "1e999", "baseline - 1e999"])
def test_a_bound_that_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        parse_rule(f"accuracy > {text}")


def test_white_space_does_not_tell_rules_apart() -> None:
    assert parse_rule("  accuracy \t >=   baseline\n").text == "accuracy >= baseline"


NUMBERS = st.floats(0, 1e6, allow_nan=False) | st.integers(0, 1000).map(float)
METRICS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
REFERENCES = st.just("baseline") | st.from_regex(r"@[a-z0-9][a-z0-9._-]{0,10}", fullmatch=True)
SPACE = st.sampled_from(["", " ", "  ", "\t"])


@given(METRICS, st.sampled_from([">", ">=", "<", "<="]), NUMBERS, SPACE)
def test_an_absolute_rule_survives_writing_and_reading(metric: str, operator: str, number: float, space: str) -> None:
    rule = parse_rule(f"{space}{metric}{space}{operator}{space}{number!r}{space}")
    assert (rule.metric, rule.operator, rule.bound) == (metric, operator, Bound(None, 0.0, number))
    assert rule.upwards == (operator[0] == ">")
    assert rule.strict == (operator in {">", "<"})


@given(METRICS, st.sampled_from([">", ">=", "<", "<="]), REFERENCES, st.sampled_from("+-*"), NUMBERS)
def test_a_relative_rule_survives_writing_and_reading(
    metric: str, operator: str, reference: str, sign: str, number: float
) -> None:
    assume(sign != "*" or number > 0)
    rule = parse_rule(f"{metric} {operator} {reference} {sign} {number!r}")
    bounds = {
        "+": Bound(reference, 1.0, number),
        "-": Bound(reference, 1.0, -number),
        "*": Bound(reference, number, 0.0),
    }
    assert (rule.metric, rule.operator, rule.bound) == (metric, operator, bounds[sign])


@given(st.text(max_size=60))
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    try:
        rule = parse_rule(text)
    except ValueError:
        return
    assert parse_rule(rule.text) == rule


@pytest.mark.parametrize("factor", ["-1", "0"])
def test_a_factor_that_is_not_positive_is_refused(factor: str) -> None:
    with pytest.raises(ValueError, match="is not positive"):
        parse_rule(f"accuracy > baseline * {factor}")
