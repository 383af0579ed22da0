"""Programs of ours that run as steps do: in a sandbox, with the user's software and some more."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import mlops_ci
from mlops_ci.edge.files import clone, digest_of_file
from mlops_ci.pipeline.environment import Environment
from mlops_ci.records.digest import digest_of_tree


@dataclass(frozen=True)
class Tool:
    """A package of ours that stands on nothing else of ours but what is ``beside`` it, and its environment."""

    name: str
    environment: Environment
    beside: tuple[str, ...] = ()

    @cached_property
    def identity(self) -> str:
        """The digest of its code, which is an input of the steps that it is."""
        return digest_of_tree((name, digest_of_file(file)) for name, file in self._files())

    @property
    def called(self) -> str:
        """What it is called among the inputs of a step."""
        return f"mlops_ci.{self.name}"

    def furnish(self, folder: Path) -> None:
        """Put it where ``python -m`` finds it once the folder is on the path."""
        package = folder / "mlops_ci"
        for name, file in self._files():
            clone(file, package / name)
        (package / "__init__.py").touch()

    def _files(self) -> list[tuple[str, Path]]:
        source = Path(mlops_ci.__file__).parent
        return [
            (file.relative_to(source).as_posix(), file)
            for package in (self.name, *self.beside)
            for file in sorted((source / package).rglob("*.py"))
        ]
