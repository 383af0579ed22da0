"""ONNX Runtime's execution providers by short names."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_ci.errors import UsageError

SHORT = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "dml": "DmlExecutionProvider",
    "rocm": "ROCMExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider",
    "qnn": "QNNExecutionProvider",
    "dnnl": "DnnlExecutionProvider",
    "xnnpack": "XnnpackExecutionProvider",
    "acl": "ACLExecutionProvider",
}


def full_names(wanted: Sequence[str], available: Sequence[str]) -> list[str]:
    """ONNX Runtime's names of providers, in order of preference.

    Raises:
        UsageError: one of them is not known, or not in the installed build of ONNX Runtime.
    """
    there = [short for short, name in SHORT.items() if name in available]
    offer = f"available here: {', '.join(there)}"
    for name in wanted:
        if name.lower() not in SHORT:
            raise UsageError(f"no execution provider is called {name[:40]!r}", hint=offer)
        if name.lower() not in there:
            raise UsageError(
                f"the execution provider {name.lower()!r} is not in this build of ONNX Runtime",
                hint=f"{offer}; install the build of onnxruntime for it, or serve with one of these",
            )
    return list(dict.fromkeys(SHORT[name.lower()] for name in wanted or ("cpu",)))
