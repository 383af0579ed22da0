"""Runs graphs as serving does: ONNX Runtime on the processor, one thread a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from mlops_ci.converter.table import Array
from mlops_ci.converter.trouble import BrokenInputError, NotConvertibleError, one_line

THREADS = 1


def open_session(model: bytes, *, save_to: Optional[Path] = None) -> Any:
    """Open a session.

    Args:
        model: the file's bytes. What they name outside of themselves is not loaded.
        save_to: where to save the graph after the optimisations that hold on every machine.

    Raises:
        NotConvertibleError: ONNX Runtime lacks an operator, or refuses the graph.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise BrokenInputError(f"onnxruntime is not installed here: {one_line(error)}") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    if save_to is not None:
        # "Extended" and above choose kernels of this machine's processor; "basic" stays within the standard.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(save_to)
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no base class in Python
        raise NotConvertibleError(f"ONNX Runtime refuses the graph: {one_line(error)}") from error


def run(session: Any, feeds: Mapping[str, Array], outputs: Sequence[str]) -> list[Any]:
    """Run a graph.

    Raises:
        NotConvertibleError: it fails on these rows.
    """
    try:
        found: list[Any] = session.run(list(outputs), dict(feeds))
    except Exception as error:
        raise NotConvertibleError(f"ONNX Runtime fails on the rows: {one_line(error)}") from error
    return found
