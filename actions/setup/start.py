"""Starts mlops-ci from the folder that this file came with, whatever else is installed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mlops_ci.__main__ import main

main()
