"""Entry scripts: ``init()`` once, ``run(data)`` for every request, as Azure Machine Learning has them."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import inspect
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.records.digest import PREFIX
from mlops_ci.records.serving import ServedModel
from mlops_ci.serving.contracts import RequestError, ScriptAnswer, ScriptRequest, ScriptSchema
from mlops_ci.serving.script_errors import start_failure, summary, tidied
from mlops_ci.serving.script_http import offer_stand_ins, wants_raw
from mlops_ci.serving.script_parameters import Parameters, parameters_of
from mlops_ci.serving.script_schema import failed_converting, schema_of
from mlops_ci.serving.script_timeout import TookTooLongError, await_within, call_within
from mlops_ci.serving.script_values import NoJsonFormError, answer_of

T = TypeVar("T")
_MODEL_FOLDER = "AZUREML_MODEL_DIR"
_MODULE = "mlops_ci_entry_script"
_FAILED = ((b"x-ms-run-function-failed", b"True"),)
_log = logging.getLogger("mlops_ci.serving")


class Script:
    """An initialised entry script: :class:`~mlops_ci.serving.contracts.EntryScript`."""

    def __init__(self, model: ServedModel, run: Callable[..., Any], timeout: float, loop: asyncio.Runner) -> None:
        self.model = model
        self.schema: ScriptSchema | None = schema_of(run)
        self._run = run
        self._parameters: Parameters = parameters_of(
            run, decorated=self.schema is not None, raw=wants_raw(run), where=model.file or ""
        )
        self._timeout = timeout
        # What is asynchronous is cancelled in time, and interrupted only if it does not give way.
        self._grace = 1.0 if inspect.iscoroutinefunction(inspect.unwrap(run)) else 0.0
        self._loop = loop

    def answer(self, request: ScriptRequest) -> ScriptAnswer:
        """Run the script on a request, in this thread.

        Raises:
            RequestError: the caller can change something (4xx), or ``run`` failed (500) or took too long (504); why
                is in the log only.
        """
        arguments = self._parameters(request)
        try:
            return call_within(self._timeout + self._grace, lambda: answer_of(self._finish(self._run(**arguments))))
        except RequestError:
            raise
        except TookTooLongError:
            message = f"the entry script took more than {self._timeout:g} seconds"
            _log.error("%s (request %s)", message, request.id)
            raise RequestError(504, message, _FAILED) from None
        except NoJsonFormError as error:
            _log.error("%s (request %s)", error, request.id)
            raise RequestError(500, _told(request), _FAILED) from None
        except BaseException as error:
            if self.schema and isinstance(error, Exception) and failed_converting(error):
                raise RequestError(400, summary(error)) from None
            _log.error("the entry script failed (request %s)\n%s", request.id, tidied(error))
            raise RequestError(500, _told(request), _FAILED) from None

    def _finish(self, value: Any) -> Any:
        return self._loop.run(await_within(self._timeout, value)) if isawaitable(value) else value

    def close(self) -> None:
        """Close what asynchronous scripts run in."""
        self._loop.close()


def load_script(model: ServedModel, package: Path, timeout: float) -> Script:
    """Import an entry script of a package and call its ``init()``.

    The folder of the script comes first on ``sys.path``, and ``AZUREML_MODEL_DIR`` is the folder of the model's files.

    Args:
        model: a script model of the manifest.
        package: the folder of the package.
        timeout: seconds that a call of ``run`` may take.

    Raises:
        IntegrityError: a file of the model is not the one that the manifest names.
        UsageError: it cannot be imported, lacks a function, or fails: one line with file and line.
    """
    package = package.resolve()
    verify_files(model, package)
    file = package / (model.file or "")
    if not model.file or not file.is_file():
        raise UsageError("the entry script is not in the package", where=str(model.file))
    if model.folder:
        os.environ[_MODEL_FOLDER] = str(package / model.folder)
    sys.path.insert(0, str(file.parent))
    offer_stand_ins()
    module = _attempt(lambda: _imported(file), "while it was imported", package, file)
    init, run = (_function(module, name, file, package) for name in ("init", "run"))
    loop = asyncio.Runner()

    def start() -> None:
        done = init()
        if isawaitable(done):
            loop.run(_awaited(done))

    try:
        _attempt(start, "in init()", package, file)
        return Script(model, run, timeout, loop)
    except BaseException:
        loop.close()
        raise


def verify_files(model: ServedModel, package: Path) -> None:
    """Compare the files of a script model with their digests in the manifest, before anything can unpickle them.

    Raises:
        IntegrityError: one is missing or has other bytes.
    """
    for record in model.files:
        path = package / record.path
        if not path.is_file() or _digest(path) != record.digest:
            hint = "make the package or the image again"
            raise IntegrityError("a file of the model is not the one that was registered", where=record.path, hint=hint)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return PREFIX + hashlib.file_digest(file, "sha256").hexdigest()


def _imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(_MODULE, file)
    if spec is None or spec.loader is None:
        raise UsageError("the entry script is not a Python file", where=file.name, hint="name a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module
    spec.loader.exec_module(module)
    return module


def _attempt(do: Callable[[], T], doing: str, package: Path, file: Path) -> T:
    try:
        return do()
    except (UsageError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise start_failure(error, doing, package, file) from error


def _function(module: ModuleType, name: str, file: Path, package: Path) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if not callable(found):
        hint = "an entry script has init(), called once, and run(data), called for every request"
        raise UsageError(f"the entry script has no function {name}()", where=str(file.relative_to(package)), hint=hint)
    return found  # type: ignore[no-any-return]


async def _awaited(value: Awaitable[T]) -> T:
    return await value


def _told(request: ScriptRequest) -> str:
    return f"the entry script failed; the server's log tells why, under the id {request.id}"
