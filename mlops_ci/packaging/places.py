"""Where things are in an image."""

from __future__ import annotations

HOME = "/opt/mlops-ci"
PACKAGES = f"{HOME}/packages"
SERVER = f"{HOME}/server"
PACKAGE = f"{HOME}/package"
PORT = 8080
USER = "65532:65532"
READY = "/health/ready"
