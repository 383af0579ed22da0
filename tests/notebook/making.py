"""Notebooks, as Jupyter saves them."""

from __future__ import annotations

import json
from typing import Any


def notebook(*cells: str, outputs: bool = False, language: str = "python", **metadata: Any) -> str:
    """A notebook of code cells; with ``outputs`` as it is after somebody has run it."""
    shown = [{"output_type": "stream", "name": "stdout", "text": ["looked at\n"]}] if outputs else []
    return json.dumps({
        "cells": [
            {
                "cell_type": "code",
                "execution_count": number if outputs else None,
                "id": f"cell-{number}",
                "metadata": {"collapsed": True} if outputs else {},
                "outputs": shown,
                "source": cell.splitlines(keepends=True),
            }
            for number, cell in enumerate(cells, 1)
        ],
        "metadata": {"kernelspec": {"name": "my-env", "language": language, "display_name": "Mine"}, **metadata},
        "nbformat": 4,
        "nbformat_minor": 5,
    })  # fmt: skip
