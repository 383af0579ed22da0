"""PyTorch modules with their code: TorchScript (``.pt``, ``.pth``), and what ``torch.export`` saves (``.pt2``).

A module does not tell what its input is called: it eats one tensor of all numeric columns, in their order. Nor does it
name its classes: one that ends with a softmax tells the scores of classes counted from 0, any other one a value.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from mlops_ci.converter.emitter import OPSET
from mlops_ci.converter.exported import Exported, Input, Original, Output
from mlops_ci.converter.runtime import THREADS
from mlops_ci.converter.sklearn_inputs import MATRIX
from mlops_ci.converter.table import Array, Table
from mlops_ci.converter.trouble import BrokenInputError, NotConvertibleError, one_line

SUFFIXES = {".pt", ".pth", ".pt2"}
EXAMPLES = 2  # PyTorch takes a batch of one for a size that never changes
HINT = (
    "save a module of one tensor with torch.jit.save, or with torch.export.save and a free first dimension "
    "(dynamic_shapes); or let the training step call torch.onnx.export, and name the .onnx file"
)


@dataclass(frozen=True)
class Module:
    """``saved`` is what was loaded, ``call`` what is called, ``type`` what it eats, ``operator`` its last one."""

    saved: Any
    call: Any
    type: str
    operator: str


def takes(model: Any) -> bool:
    """Whether this is a file of PyTorch."""
    return isinstance(model, Path) and model.suffix.lower() in SUFFIXES


def original(model: Path, rows: Table) -> Original:
    """How the module is called, on one thread and without gradients."""
    torch = _torch()
    torch.set_num_threads(THREADS)
    module = _load(model)
    given = _input(rows, module.type)
    output = _output(module, torch.from_numpy(given.feed(rows.sized(EXAMPLES))))

    def answers(batch: Any) -> dict[str, Array]:
        return {output.role: _called(module, batch).numpy()}

    return Original(lambda table: torch.from_numpy(given.feed(table)), lambda batch: _called(module, batch), answers)


def export(model: Path, rows: Table, *, single: bool = False) -> Exported:
    """Convert it.

    Raises:
        NotConvertibleError: it holds no code, has more inputs than one, or an operator that ONNX does not have.
    """
    torch, module = _torch(), _load(model)
    given = _input(rows, module.type)
    examples = torch.from_numpy(given.feed(rows.sized(EXAMPLES)))
    output = _output(module, examples)
    names: dict[str, Any] = {"input_names": [given.name], "output_names": [output.name]}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if module.saved is not module.call:  # an exported program tells its own shapes
                program = torch.onnx.export(module.saved, opset_version=OPSET, verbose=False, dynamo=True, **names)
                made = program.model_proto
            else:
                free = {name: {0: "rows"} for name in (given.name, output.name)}
                file = io.BytesIO()
                torch.onnx.export(
                    module.saved, (examples,), file, opset_version=OPSET, dynamo=False, dynamic_axes=free, **names
                )
                made = onnx.load_from_string(file.getvalue())
    except ImportError as error:
        raise BrokenInputError(f"PyTorch needs a module to export it: {one_line(error)}; {model}") from error
    except Exception as error:  # each of its exporters has errors of its own
        raise NotConvertibleError(f"PyTorch does not export {model.name}: {one_line(error)}", HINT) from error
    return Exported(_bare(made), (given,), (output,))


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise BrokenInputError(f"torch is not installed here: {one_line(error)}") from error
    return torch


def _load(path: Path) -> Module:
    torch = _torch()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if path.suffix.lower() == ".pt2":
                return _exported(torch.export.load(str(path)))
            return _scripted(torch.jit.load(str(path), map_location="cpu").eval())
    except NotConvertibleError:
        raise
    except Exception as error:  # a dictionary of weights, or a pickled module, whose code is elsewhere
        raise NotConvertibleError(f"{path.name} holds no module with its code: {one_line(error, 160)}", HINT) from error


def _exported(program: Any) -> Module:
    inputs = [node for node in program.graph.nodes if node.name in program.graph_signature.user_inputs]
    if len(inputs) != 1 or len(program.graph_signature.user_inputs) != 1:
        raise NotConvertibleError(f"the module has {len(program.graph_signature.user_inputs)} inputs", HINT)
    tensor = inputs[0].meta["val"]
    if isinstance(tensor.shape[0], int):
        raise NotConvertibleError(f"the module was exported for batches of {tensor.shape[0]} alone", HINT)
    answered = next(node for node in program.graph.nodes if node.op == "output").args[0]
    operator = str(getattr(answered[0], "target", "")).removeprefix("aten.").partition(".")[0].lstrip("_")
    return Module(program, program.module(), str(tensor.dtype).removeprefix("torch."), operator)


def _scripted(module: Any) -> Module:
    given = [each for each in module.forward.schema.arguments[1:] if not each.has_default_value()]
    if len(given) != 1 or str(given[0].type) != "Tensor":
        raise NotConvertibleError(f"the module has {len(given)} inputs, or one that is no tensor", HINT)
    graph = module.inlined_graph
    operator = next(graph.outputs()).node().kind().rpartition("::")[2]
    floats = (str(each.dtype).removeprefix("torch.") for each in module.parameters() if each.is_floating_point())
    return Module(module, module, next(floats, "float32"), operator)


def _input(rows: Table, type_: str) -> Input:
    columns = tuple(name for name in rows.columns if name not in rows.texts())
    if type_ not in ("float32", "float64", "int64") or not columns:
        raise NotConvertibleError(f"the module eats {type_}, which the rows do not have", HINT)
    return Input(MATRIX, type_, (None, len(columns)), columns)


def _called(module: Module, batch: Any) -> Any:
    with _torch().inference_mode():
        return module.call(batch)


def _output(module: Module, examples: Any) -> Output:
    try:
        found = _called(module, examples)
    except Exception as error:  # whatever the module raises
        raise NotConvertibleError(f"the module fails on the rows: {one_line(error)}", HINT) from error
    if not hasattr(found, "shape"):
        raise NotConvertibleError(f"the module answers a {type(found).__name__}, not a tensor", HINT)
    if module.operator == "softmax" and len(found.shape) == 2:
        return Output("score", "score", tuple(range(found.shape[1])))
    return Output("value", "value")


def _bare(made: onnx.ModelProto) -> onnx.ModelProto:
    """Without the places in the source that the exporter has written into it."""
    made.producer_version = ""
    graph = made.graph
    for each in (made, graph, *graph.node, *graph.input, *graph.output, *graph.initializer, *graph.value_info):
        del each.metadata_props[:]
        each.ClearField("doc_string")
    return made
