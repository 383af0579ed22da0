"""Sets mlops-ci up for a job: an environment of its own, built from the committed locks. Standard library only.

``look`` says where the environment will be and under which key it may be restored; ``install`` builds what is missing
and says what starts mlops-ci. Both write to GITHUB_OUTPUT, or where there is none to stdout.

Nothing of the user's Python matters: no PYTHONPATH, no virtual environment, no settings of pip or uv. Nothing of ours
reaches the steps of the job, but for one command on the PATH if ``--on-path`` asks for it. Only MLOPS_CI_INDEX_URL says
which index to ask, if not the usual one; what it serves has to have the hashes of the locks.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

Environment = Mapping[str, str]

HERE = Path(__file__).resolve().parent
LOCKS = HERE / "locks"
CORE = "core"
# The lock of the extra pip is that of uv, which installs everything else.
INSTALLER = LOCKS / "pip.txt"
# Variables of these programs would change what is installed, or where.
_FOREIGN = ("PIP_", "UV_", "PYTHON", "VIRTUAL_ENV", "CONDA_")
_CLOUDS = ("AWS_", "AZURE_", "GOOGLE_")
_DECIDING = ("MLOPS_CI_EXTRA", "MLOPS_CI_WORKSPACE", "MLOPS_CI_VERB", "MLOPS_CI_NAME", "GITHUB_REF_TYPE")
_ABANDONED_SECONDS = 24 * 3600
_USERINFO = re.compile(r"//[^/\s@]*@")  # of an index that needs a password


class SetUpError(Exception):
    """The set-up failed; printed as one line."""


def main() -> None:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["look", "install"])
    parser.add_argument("--on-path", action="store_true", help="put the command on the PATH of later steps")
    options = parser.parse_args()
    try:
        values = look(os.environ) if options.command == "look" else install(os.environ, on_path=options.on_path)
        hand_on(values, os.environ)
    except (SetUpError, OSError) as error:
        sys.exit(_error(3, error))


def look(environ: Environment) -> dict[str, str]:
    """Where the environments of these locks and this Python are, and how a cache knows them."""
    folder = environments(environ)
    prefix = f"mlops-ci-{folder.name}-"
    return {
        "path": str(folder),
        "key": prefix + _digest(_deciding(environ)),
        "prefix": prefix,
        "restore": str(_caches(environ) and not _is_usable(folder / CORE)).lower(),
    }


def install(environ: Environment, *, on_path: bool = False) -> dict[str, str]:
    """Build what is missing: the core first, which then says what else this job needs."""
    started = time.monotonic()
    command = _command(environ, _build(environ, ()))
    asked = subprocess.run([command, "extras", "--json"], env=environ, stdout=subprocess.PIPE, text=True, check=False)
    if asked.returncode:
        raise SystemExit(asked.returncode)  # it has said why
    needs = json.loads(asked.stdout)
    unknown = [name for name in needs["extras"] if not (LOCKS / f"{name}.txt").is_file() or name == CORE]
    if unknown:
        raise SetUpError(f"there is no extra {unknown[0]!r}; it has {', '.join(_extras())}")
    command = _command(environ, _build(environ, tuple(needs["extras"])))
    if on_path and environ.get("GITHUB_PATH"):
        _append(environ["GITHUB_PATH"], f"{command.parent}\n")
    what = ", ".join(["mlops-ci", *needs["extras"]])
    sys.stderr.write(f"{what}: ready after {time.monotonic() - started:.1f} s\n")
    kept = needs["steps"] if _caches(environ) else None
    return {"command": str(command), **(_steps(kept, environ) if kept else {"steps": ""})}


def hand_on(values: Mapping[str, str], environ: Environment) -> None:
    """Write outputs; a value may have several lines, and no line of it can end it."""
    for name, value in values.items():
        if environ.get("GITHUB_OUTPUT"):
            end = f"end-{secrets.token_hex(16)}"
            _append(environ["GITHUB_OUTPUT"], f"{name}<<{end}\n{value}\n{end}\n")
        else:
            sys.stdout.write(f"{name}={value!r}\n" if "\n" in value else f"{name}={value}\n")


def environments(environ: Environment) -> Path:
    """The folder for the environments that the locks make with this Python."""
    made_of = [lock.read_bytes() for lock in sorted(LOCKS.glob("*.txt"))]
    made_of += [f"{_python()} {platform.python_version()} {sys.platform} {platform.machine()}".encode()]
    return root(environ) / _digest(b"\0".join(made_of))


def root(environ: Environment) -> Path:
    """Our folder among the tools of the machine; where it may not be written, among what the job throws away.

    Raises:
        SetUpError: nothing says where.
    """
    names = ("RUNNER_TOOL_CACHE", "AGENT_TOOLSDIRECTORY", "RUNNER_TEMP", "AGENT_TEMPDIRECTORY")
    for folder in [Path(environ[name]).absolute() / "mlops-ci" for name in names if environ.get(name)]:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    raise SetUpError(f"there is no folder to install to; set one of {', '.join(names)}")


def _build(environ: Environment, extras: tuple[str, ...]) -> Path:
    """An environment with the core and these extras, which is either all there or not there."""
    folder = environments(environ)
    final = folder / "+".join([CORE, *extras])
    if _is_usable(final):
        return final
    folder.mkdir(parents=True, exist_ok=True)
    _forget_abandoned(folder)
    uv = _uv(environ)
    aside = folder / f".building-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        _run([uv, "venv", "--quiet", "--no-project", "--python", _python(), aside], environ)
        locks = [LOCKS / f"{name}.txt" for name in (CORE, *extras)]
        sync: list[str | Path] = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", aside / "bin/python"]
        # The wheel of uv itself has been fetched already.
        _run([*sync, "--find-links", uv.parent, *locks], environ)
        _move(aside, final)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return final


def _move(aside: Path, final: Path) -> None:
    """Put a finished environment in its place, unless another job was first."""
    with suppress(OSError):
        aside.rename(final)
        return
    if not _is_usable(final):  # its Python has gone
        shutil.rmtree(final, ignore_errors=True)
        aside.rename(final)


def _uv(environ: Environment) -> Path:
    """The pinned uv, taken out of its wheel, which pip has compared with the lock."""
    folder = root(environ) / f"uv-{_digest(INSTALLER.read_bytes() + platform.machine().encode())}"
    program = folder / "uv"
    if program.is_file():
        return program
    aside = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}")
    try:
        command = [_python(), "-I", "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        _run([*command, "--only-binary", ":all:", "--dest", aside, "--requirement", INSTALLER], environ)
        [wheel] = aside.glob("uv-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            [name] = [name for name in archive.namelist() if name.endswith(".data/scripts/uv")]
            (aside / "uv").write_bytes(archive.read(name))
        (aside / "uv").chmod(0o755)
        with suppress(OSError):  # another job was first
            aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return program


def _run(command: Sequence[str | Path], environ: Environment) -> None:
    """Run a program that installs, apart from all settings but ours."""
    env = {name: value for name, value in environ.items() if not name.upper().startswith(_FOREIGN)}
    env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    env |= {"UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_CACHE_DIR": str(root(environ) / "packages")}
    if index := environ.get("MLOPS_CI_INDEX_URL"):
        env |= {"PIP_INDEX_URL": index, "UV_DEFAULT_INDEX": index}
    done = subprocess.run(
        list(map(str, command)), env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = _USERINFO.sub("//", " ".join((done.stderr or done.stdout).split()))
        if "No module named pip" in said:
            raise SetUpError(f"{command[0]} has no pip; add a step with actions/setup-python before")
        raise SetUpError(f"{Path(command[0]).name} failed: {said[-600:]}")


def _command(environ: Environment, environment: Path) -> Path:
    """A program in a folder of its own that starts this mlops-ci in an environment."""
    lines = [
        "#!/bin/sh",
        "# mlops-ci runs on its own Python; the steps of a model on the one that the job has.",
        ': "${MLOPS_CI_PYTHON:=$(command -v python || command -v python3 || true)}"',
        "export MLOPS_CI_PYTHON",
        f'exec {shlex.quote(str(environment / "bin/python"))} -I {shlex.quote(str(HERE / "start.py"))} "$@"',
    ]
    text = "\n".join(lines) + "\n"
    program = root(environ) / "commands" / _digest(text.encode()) / "mlops-ci"
    if not program.is_file():
        program.parent.mkdir(parents=True, exist_ok=True)
        aside = program.with_name(f".{secrets.token_hex(4)}")
        aside.write_text(text, "utf-8")
        aside.chmod(0o755)
        aside.replace(program)
    return program


def _caches(environ: Environment) -> bool:
    """Whether GitHub's cache is to be used: a machine that is not GitHub's keeps its own disk, or nothing."""
    wanted = environ.get("MLOPS_CI_CACHE", "").lower() != "false"
    return wanted and environ.get("RUNNER_ENVIRONMENT") == "github-hosted"


def _steps(folder: str, environ: Environment) -> dict[str, str]:
    """What a cache needs to keep results of steps from one job to the next, a ref apart from the others.

    Names of refs are hashed, for a key may contain no comma.
    """
    prefix = f"mlops-ci-steps-{sys.platform}-{platform.machine()}-"

    def of_ref(ref: str) -> str:
        return f"{prefix}{_digest(ref.encode())}-"

    refs = [environ.get("GITHUB_REF", "")]
    refs += [f"refs/heads/{name}" for name in (environ.get("GITHUB_BASE_REF"), _default_branch(environ)) if name]
    job = "\0".join(environ.get(name, "") for name in ("GITHUB_JOB", "MLOPS_CI_PROJECT", "MLOPS_CI_ONLY"))
    attempt = "-".join(environ.get(name, "") for name in ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"))
    return {
        "steps": folder,
        "steps-key": f"{of_ref(refs[0])}{attempt}-{_digest(job.encode())}",
        "steps-prefixes": "\n".join(dict.fromkeys(map(of_ref, refs))),
    }


def _default_branch(environ: Environment) -> str | None:
    """The default branch, of which only the event tells."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        event = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))
        return str(event["repository"]["default_branch"])
    return None


def _deciding(environ: Environment) -> bytes:
    """What decides which extras a job needs, as far as it can be told before anything is installed."""
    project = Path(environ.get("MLOPS_CI_PROJECT") or ".")
    file = project / "mlops.yaml" if project.is_dir() else project
    text = file.read_bytes() if file.is_file() else b""
    given = [environ.get(name, "") for name in _DECIDING]
    given += sorted(name for name in environ if name.startswith(_CLOUDS))
    return b"\0".join([text, *(value.encode() for value in given)])


def _extras() -> list[str]:
    return sorted({lock.stem for lock in LOCKS.glob("*.txt")} - {CORE})


def _python() -> str:
    """The Python below any virtual environment that the job may have activated."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def _is_usable(environment: Path) -> bool:
    return (environment / "bin/python").exists()


def _forget_abandoned(folder: Path) -> None:
    """Remove what set-ups left that were killed long ago."""
    for left in folder.glob(".building-*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(left)


def _append(file: str, text: str) -> None:
    with Path(file).open("a", encoding="utf-8") as stream:
        stream.write(text)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _error(code: int, error: Exception) -> int:
    sys.stderr.write(f"mlops-ci: error[{code}]: the set-up failed: {' '.join(str(error).split())}\n")
    return code


if __name__ == "__main__":
    main()
