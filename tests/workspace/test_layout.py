"""Keys of the layout."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.workspace.layout import log_key, log_prefix, log_sequence, model_file_key, model_prefix, predictions_key

NUMBER = "00000000000000000007"


def test_a_log_key_has_twenty_digits() -> None:
    assert log_key("m", 7) == f"models/m/log/{NUMBER}.json"


@given(st.integers(1, 10**20 - 1))
def test_a_log_key_tells_its_number(number: int) -> None:
    assert log_sequence(log_key("m", number)) == number


@given(st.integers(1, 10**20 - 1), st.integers(1, 10**20 - 1))
def test_log_keys_sort_as_their_numbers(one: int, other: int) -> None:
    assert (log_key("m", one) < log_key("m", other)) == (one < other)


@pytest.mark.parametrize(
    "name",
    [
        "7.json", f"0{NUMBER}.json", NUMBER, f"{NUMBER}.json.json", f"{NUMBER}.JSON", f"{NUMBER}.json~",
        f"{NUMBER}.json.tmp", "-0000000000000000007.json", "+0000000000000000007.json", "0000000000000000000x.json",
        f".{NUMBER}.json", "0000000000_000000007.json", " 0000000000000000007.json", f"{NUMBER}.json\n",
        f"{NUMBER}\n.json", "\u0660" * 20 + ".json", "\u00b2" * 20 + ".json", ".json", "", "_last.json",
    ],
    ids=ascii,
)  # fmt: skip
def test_an_odd_name_has_no_number(name: str) -> None:
    assert log_sequence(f"models/m/log/{name}") is None


def test_objects_of_a_version_lie_below_its_model() -> None:
    assert model_file_key("m", "attempt", "a/b.onnx") == "models/m/objects/attempt/files/a/b.onnx"
    assert predictions_key("m", "attempt", "p.csv") == "models/m/objects/attempt/evaluation/p.csv"


def test_no_model_lies_below_another() -> None:
    assert not log_key("m.x", 1).startswith(model_prefix("m"))
    assert log_key("m", 1).startswith(log_prefix("m"))
