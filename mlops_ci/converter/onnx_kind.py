"""Models that are ONNX already, such as those that PyTorch exports: checked, and compared with themselves unoptimised.

Such a file is foreign. Where it says that its weights lie in other files, these must be in its folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, external_data_helper

from mlops_ci.converter.exported import Exported, Input, Original, Output
from mlops_ci.converter.renaming import ONNX_TYPES
from mlops_ci.converter.runtime import open_session, run
from mlops_ci.converter.table import Array, Table
from mlops_ci.converter.trouble import BrokenInputError, NotConvertibleError, UnsafeInputError, one_line

MOST_BYTES = 2**31 - 1  # what one file of protocol buffers holds
LABELS, SCORES = ("label", "output_label", "labels"), ("score", "probabilities", "output_probability", "scores")


def takes(model: Any) -> bool:
    """Whether this is a file of ONNX."""
    return isinstance(model, Path) and model.suffix.lower() == ".onnx"


def original(model: Path, rows: Table) -> Original:
    """The graph as it came, without any optimisation."""
    exported = export(model, rows)
    session = open_session(exported.model.SerializeToString(), plain=True)
    names = [output.name for output in exported.outputs]

    def prepare(table: Table) -> dict[str, Array]:
        return {each.name: each.feed(table) for each in exported.inputs}

    def answers(feeds: dict[str, Array]) -> dict[str, Array]:
        return {output.role: answer for output, answer in zip(exported.outputs, run(session, feeds, names))}

    return Original(prepare, lambda feeds: session.run(names, feeds), answers)


def export(model: Path, rows: Table, *, single: bool = False) -> Exported:
    """Check the file, and find the columns of its inputs.

    Raises:
        BrokenInputError: it is no valid ONNX model.
        UnsafeInputError: it reaches outside of its folder.
        NotConvertibleError: its inputs are not columns of the rows.
    """
    found = load_checked(model)
    stored = {each.name for each in found.graph.initializer}
    inputs = _inputs([each for each in found.graph.input if each.name not in stored], rows)
    return Exported(found, inputs, _outputs(found))


def load_checked(path: Path) -> onnx.ModelProto:
    """Load an ONNX file whole, with the weights that lie beside it.

    Raises:
        BrokenInputError: it is no valid ONNX model.
        UnsafeInputError: it reaches outside of its folder.
    """
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf's errors have no base class of their own
        raise BrokenInputError(f"not an ONNX model: {one_line(error)}; {path}") from error
    folder = path.resolve().parent
    size = path.stat().st_size
    size += sum(_size_beside(tensor, folder, path) for tensor in _stored_elsewhere(model))
    if size > MOST_BYTES:
        raise BrokenInputError(f"the model has {size} bytes, more than the {MOST_BYTES} that can be served; {path}")
    try:
        external_data_helper.load_external_data_for_model(model, str(folder))
        onnx.checker.check_model(model)
    except Exception as error:
        raise BrokenInputError(f"not a valid ONNX model: {one_line(error)}; {path}") from error
    if any(_stored_elsewhere(model)):
        raise BrokenInputError(f"the model has weights elsewhere in a place where they cannot be; {path}")
    return model


def _stored_elsewhere(message: Any) -> Iterator[TensorProto]:
    """All tensors in a message, however deep, whose bytes are in another file."""
    if isinstance(message, TensorProto):
        if message.data_location == TensorProto.EXTERNAL:
            yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for each in [value] if hasattr(value, "ListFields") else value:
                yield from _stored_elsewhere(each)


def _size_beside(tensor: TensorProto, folder: Path, path: Path) -> int:
    told = {entry.key: entry.value for entry in tensor.external_data}
    location = told.get("location", "")
    beside = folder / location
    # Also through a link: what counts is where the bytes are.
    inside = beside.resolve().parts[: len(folder.parts)] == folder.parts
    if not location or Path(location).is_absolute() or "\\" in location or ".." in Path(location).parts or not inside:
        raise UnsafeInputError(
            f"the model's weights lie outside of its folder ({one_line(location, 80)!r}); {path}; save it in one file"
        )
    if not beside.is_file():
        raise BrokenInputError(f"the model's weights are missing ({one_line(location, 80)!r}); {path}")
    try:
        offset = int(told.get("offset", 0))
        length = int(told.get("length", beside.stat().st_size))
    except ValueError:
        offset = length = -1
    if offset < 0 or length < 0 or offset + length > beside.stat().st_size:
        raise BrokenInputError(f"the model's weights are not where it says ({one_line(location, 80)!r}); {path}")
    return length


def _inputs(declared: list[Any], rows: Table) -> tuple[Input, ...]:
    """One tensor holds all columns, or each is named after its own."""
    names = list(rows.columns)
    found = []
    for each in declared:
        tensor = each.type.tensor_type
        kind = next((name for name, number in ONNX_TYPES.items() if number == tensor.elem_type), None)
        if kind is None or not each.type.HasField("tensor_type"):
            raise NotConvertibleError(
                f"the input {each.name!r} of the ONNX model has a type that a table does not have"
            )
        shape = [size.dim_value if size.HasField("dim_value") else None for size in tensor.shape.dim]
        if (each.name in names and len(declared) > 1) or names == [each.name]:
            columns = [each.name]
        elif len(declared) == 1:
            columns = [name for name in names if (name in rows.texts()) == (kind == "string")]
        else:
            raise NotConvertibleError(f"the rows have no column {each.name!r}, which is an input of the ONNX model")
        width = int(_product(shape[1:]))
        if width != len(columns) or (shape and shape[0] not in (None, 0)):
            raise NotConvertibleError(
                f"the input {each.name!r} of the ONNX model has the shape {shape}, there are {len(columns)} columns",
                "give the model a free first dimension, and the rows its columns (model.inputs)",
            )
        found.append(Input(each.name, kind, (None, *shape[1:]), tuple(columns)))
    return tuple(found)


def _product(sizes: list[Any]) -> int:
    # -1 where one of them is free
    product = 1
    for size in sizes:
        product = -1 if size in (None, 0) or product < 0 else product * size
    return product


def _outputs(model: onnx.ModelProto) -> tuple[Output, ...]:
    """Roles by name, as the known converters name them; a single output of numbers is a value."""
    names = [output.name for output in model.graph.output]
    tensors = {
        each.name: each.type.tensor_type.elem_type for each in model.graph.output if each.type.HasField("tensor_type")
    }
    found: list[Output] = []
    for name in names:
        if name not in tensors:
            continue
        role = "label" if name in LABELS else "score" if name in SCORES else "other"
        if len(names) == 1 and tensors[name] in (TensorProto.FLOAT, TensorProto.DOUBLE) and role == "other":
            role = "value"
        if role in {output.role for output in found}:
            role = "other"
        found.append(Output(name, role))
    if not found:
        raise NotConvertibleError("the ONNX model answers no tensor")
    return tuple(found)
