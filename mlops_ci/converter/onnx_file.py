"""Models that are ONNX already. Such a file is foreign: what it names outside of itself must stay in its folder."""

from __future__ import annotations

from pathlib import Path
import onnx


def load_checked(path: Path) -> onnx.ModelProto:
    return onnx.load(str(path))
