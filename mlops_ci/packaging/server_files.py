"""The part of this package that a scoring server runs: what ``mlops_ci.serving`` imports, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_SERVER = "serving"


def server_files(package: Path = _PACKAGE) -> dict[str, Path]:
    """The files by their paths in the package's folder, found by following the imports, also those in functions."""
    waiting = [path for path in (package / _SERVER).rglob("*.py") if not path.is_symlink()]
    found: dict[str, Path] = {}
    while waiting:
        path = waiting.pop()
        name = path.relative_to(package).as_posix()
        if name not in found:
            found[name] = path
            waiting += _imported(path, package)
    return dict(sorted(found.items()))


def _imported(path: Path, package: Path) -> Iterator[Path]:
    if path == package / "__init__.py":
        return  # it offers the Python face, which a server has not
    for node in _running(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # What is imported from a package may be a module of it.
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            yield from _files_of(name, package)


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """All that can be run, so not what is for type checkers alone."""
    yield node
    only_checked = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    for child in node.orelse if only_checked else ast.iter_child_nodes(node):  # type: ignore[attr-defined] # an If
        yield from _running(child)


def _files_of(module: str, package: Path) -> Iterator[Path]:
    """The file of a module of ours, and those of the packages that it is in."""
    first, *parts = module.split(".")
    if first != package.name:
        return
    for count in range(len(parts) + 1):
        at = package.joinpath(*parts[:count])
        yield from (file for file in (at / "__init__.py", at.with_suffix(".py")) if file.is_file())
