"""PyTorch's modules: with a module that carries its code, and without. They run where torch is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlops_ci.converter.table import Array, Table
from mlops_ci.converter.trouble import BrokenInputError, NotConvertibleError
from tests.converter.support import converted, table_of
from tests.parts.need import optional

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason=optional("torch"))
Data = tuple[Array, Array]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    if torch is not None:
        torch.manual_seed(0)


def network(*last: Any, width: int = 3) -> Any:
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, width), *last).eval()


def scripted(module: Any, folder: Path) -> Path:
    torch.jit.save(torch.jit.script(module), str(folder / "model.pt"))
    return folder / "model.pt"


def exported(module: Any, folder: Path, **shapes: Any) -> Path:
    example = next(module.parameters()).new_zeros(2, 4)
    free = shapes or {"dynamic_shapes": ({0: torch.export.Dim("rows")},)}
    torch.export.save(torch.export.export(module, (example,), **free), str(folder / "model.pt2"))
    return folder / "model.pt2"


SAVED: dict[str, Callable[..., Path]] = {"scripted": scripted, "exported": exported}


@needs_torch
@pytest.mark.parametrize("how", SAVED)
@pytest.mark.filterwarnings("ignore")
def test_a_module_answers_batches_of_any_size_as_the_original(how: str, blobs: Data, tmp_path: Path) -> None:
    rows = Table({**table_of(blobs[0]).columns, "note": np.array(["text"] * 200, object)})
    found = converted(SAVED[how](network(torch.nn.Softmax(dim=1)), tmp_path), rows)
    assert [(each.type, each.shape, each.columns) for each in found.exported.inputs] == [
        ("float32", (None, 4), ("x0", "x1", "x2", "x3"))
    ]
    assert [(each.name, each.role, each.classes) for each in found.exported.outputs] == [("score", "score", (0, 1, 2))]
    assert found.answers["score"].shape == (200, 3)
    one = found.session.run(None, {"X": blobs[0][:1].astype(np.float32)})[0]
    assert np.abs(one - found.answers["score"][:1]).max() < 1e-6
    assert str(Path(__file__).parent) not in found.data.decode("latin-1")


@needs_torch
@pytest.mark.parametrize("how", SAVED)
@pytest.mark.filterwarnings("ignore")
def test_a_module_in_float64_without_a_softmax_answers_values(how: str, blobs: Data, tmp_path: Path) -> None:
    found = converted(SAVED[how](network(width=2).double(), tmp_path), table_of(blobs[0]))
    assert (found.exported.inputs[0].type, [each.role for each in found.exported.outputs]) == ("float64", ["value"])
    assert found.difference.worst < 1e-12


@needs_torch
@pytest.mark.filterwarnings("ignore")
def test_a_module_without_its_code_or_for_one_size_of_batch_is_refused(blobs: Data, tmp_path: Path) -> None:
    rows, module = table_of(blobs[0]), network()
    torch.save(module.state_dict(), tmp_path / "weights.pt")
    two = torch.jit.script(torch.nn.Bilinear(2, 2, 1))
    torch.jit.save(two, str(tmp_path / "two.pt"))
    for file, reason in (
        (tmp_path / "weights.pt", "weights.pt holds no module with its code"),
        (tmp_path / "two.pt", "2 inputs"),
        (exported(module, tmp_path, dynamic_shapes=None), "for batches of 2 alone"),
    ):
        with pytest.raises(NotConvertibleError, match=reason) as refused:
            converted(file, rows)
        assert "torch.onnx.export" in refused.value.hint


@pytest.mark.skipif(torch is not None, reason="torch is installed here")
def test_without_torch_the_message_says_so(blobs: Data, tmp_path: Path) -> None:
    with pytest.raises(BrokenInputError, match="torch is not installed here"):
        converted(tmp_path / "model.pt", table_of(blobs[0]))
