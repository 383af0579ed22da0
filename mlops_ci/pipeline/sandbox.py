"""The scratch folder in which a step runs: its declared inputs and nothing else.

This is hygiene, not a jail: a step that reads an absolute path or the network is not stopped. What it does stop is
the honest mistake of reading a file that no fingerprint knows about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from mlops_ci.errors import UsageError
from mlops_ci.project.paths import contains
from mlops_ci.project.project import Step
from mlops_ci.project.variants import Variant

# What programs need to find themselves, their libraries and their processors; no credentials among them.
_PASSED_ON = frozenset({
    "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_NUMERIC", "TZ", "TERM", "USER", "LOGNAME",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "NVIDIA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "JAVA_HOME",
})  # fmt: skip


def step_environment(
    step: Step, environ: Mapping[str, str], *, executables: Path, home: Path, params: str, seed: int | None
) -> dict[str, str]:
    """The environment variables of a step: an allow-list, what it asks for, and ours.

    Raises:
        UsageError: it asks for a variable that is not set.
    """
    missing = [name for name in step.env if name not in environ]
    if missing:
        raise UsageError(
            f"step {step.name} needs the environment variable {missing[0]}",
            hint="set it in the job, or take it out of the step's env",
        )
    wanted = {name: environ[name] for name in step.env}
    ours = {"MLOPS_CI_PARAMS": params, **({} if seed is None else {"MLOPS_CI_SEED": str(seed)})}
    return {**wanted, **passed_on(environ, executables=executables, home=home), **ours}


def passed_on(environ: Mapping[str, str], *, executables: Path, home: Path) -> dict[str, str]:
    """The environment variables of a program that runs in a scratch folder: an allow-list, and ours."""
    return {
        **{name: value for name, value in environ.items() if name in _PASSED_ON},
        "PATH": f"{executables}:{environ.get('PATH', '/usr/bin:/bin')}",
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
    }


def written_files(variant: Variant, folder: Path) -> dict[str, Path]:
    """The files that a step has written to its declared outputs, by path.

    Raises:
        UsageError: an output is missing, empty of files, or a link.
    """
    found: dict[str, Path] = {}
    for output in variant.step.outputs:
        target = folder / output.path
        files = [target] if target.is_file() else sorted(file for file in target.rglob("*") if not file.is_dir())
        if not files:
            raise UsageError(
                f"step {variant.name} did not write {output.path!r}", hint="write it, or take it out of the outputs"
            )
        for file in files:
            path = file.relative_to(folder).as_posix()
            if file.is_symlink() or not file.is_file():
                raise UsageError(f"the output {path!r} is not a regular file", where=f"step {variant.name}")
            found[path] = file
    return found


def outputs_below(paths: Iterable[str], declared: str) -> tuple[str, ...]:
    """Those of some output files that a declared path means."""
    return tuple(path for path in paths if contains(declared, path))
