"""mlops-ci: the whole life of a model inside the CI you already have.

In Python, a workspace is read so::

    from mlops_ci import Workspace

    champion = Workspace("s3://acme-ml/flight-delay").model("flight-delay")["champion"]
    champion.download("models/")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_ci.api import Workspace

__version__ = "0.1.0"
__all__ = ["Workspace", "__version__"]


def __getattr__(name: str) -> object:
    """Import the Python face when it is first asked for, so that the command line starts without it."""
    if name != "Workspace":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mlops_ci.api import Workspace

    return Workspace


def __dir__() -> list[str]:
    """What there is to use, also before it is imported: for completion in notebooks."""
    return __all__
