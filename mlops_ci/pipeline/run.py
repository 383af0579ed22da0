"""The conductor: runs what must run, in order, in parallel where steps are independent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from mlops_ci.edge.machine import available_processors
from mlops_ci.errors import MlopsError, RemoteError, UsageError
from mlops_ci.pipeline.cache import DamagedCacheError, StepCache
from mlops_ci.pipeline.execute import Executed, Workshop
from mlops_ci.pipeline.fingerprint import step_fingerprint
from mlops_ci.pipeline.sandbox import outputs_below
from mlops_ci.pipeline.why import reasons
from mlops_ci.project.graph import dependencies, upstream
from mlops_ci.project.paths import contains, normalise
from mlops_ci.project.project import Step
from mlops_ci.records.digest import is_digest
from mlops_ci.records.files import FileRecord
from mlops_ci.records.run import StepRun
from mlops_ci.records.step_result import LastResult, StepInputs, StepResult

_SIGNAL_CHECK_SECONDS = 0.2


@dataclass(slots=True)
class PipelineRun:
    """What became of the steps.

    ``error`` is the first failure, ``interruption`` the signal that ended the run early; both are values so that
    the caller can write the run's record before it raises them. ``setbacks`` are failures of steps that nobody has
    written, which end no run.
    """

    steps: dict[str, StepRun] = field(default_factory=dict)
    outputs: dict[str, FileRecord] = field(default_factory=dict)
    error: MlopsError | None = None
    interruption: BaseException | None = None
    setbacks: dict[str, MlopsError] = field(default_factory=dict)


def selected_steps(steps: Sequence[Step], only: Collection[str]) -> tuple[Step, ...]:
    """All steps, or those named and what they need, in an order in which they can run.

    Raises:
        UsageError: ``only`` names a step that does not exist.
    """
    names = [step.name for step in steps]
    for name in only:
        if name not in names:
            raise UsageError(f"unknown step {name!r}", where="--only", hint=f"steps: {', '.join(names)}")
    return upstream(steps, only or names)


@dataclass(frozen=True, slots=True)
class Conductor:
    """Runs the pipeline of one project once.

    ``wanted`` are outputs that somebody will read afterwards. ``only`` limits the run to these steps and what they
    need; ``force`` ignores what the cache knows.
    """

    workshop: Workshop
    cache: StepCache
    run_id: str
    wanted: Collection[str] = ()
    only: Collection[str] = ()
    force: bool = False

    def run(self) -> PipelineRun:
        """Run until everything is done, something failed, or a signal came."""
        distrusted: set[str] = set()
        while True:
            result = self._attempt(distrusted)
            if result.error is None and result.interruption is None:
                self._fetch_wanted(result)
            # What the cache lost or spoiled is made again; what ran in this attempt is cached by now.
            if isinstance(result.error, DamagedCacheError) and result.error.fingerprint not in distrusted:
                self.cache.forget(result.error.fingerprint, result.error.file)
                distrusted.add(result.error.fingerprint)
                continue
            return result

    def _fetch_wanted(self, result: PipelineRun) -> None:
        try:
            for path in self.wanted:
                for name in outputs_below(result.outputs, path):
                    self.workshop.materials.path(result.outputs[name])
        except DamagedCacheError as error:
            result.error = error

    def _attempt(self, distrusted: Collection[str]) -> PipelineRun:
        steps = selected_steps(self.workshop.resolver.project.steps, self.only)
        before = dependencies(steps)
        result = PipelineRun()
        waiting = {step.name: step for step in steps}
        running: dict[Future[tuple[StepRun, MlopsError | None]], str] = {}
        with ThreadPoolExecutor(max_workers=max(2, available_processors()), thread_name_prefix="step") as pool:
            try:
                while waiting or running:
                    if result.error is None:
                        for name in [n for n in waiting if all(b in result.steps for b in before[n])]:
                            step = waiting.pop(name)
                            running[pool.submit(self._one, step, dict(result.outputs), distrusted)] = name
                    if not running:
                        break
                    done, _ = wait(running, timeout=_SIGNAL_CHECK_SECONDS, return_when=FIRST_COMPLETED)
                    for future in done:
                        del running[future]
                        self._collect(future, result)
            except BaseException as interruption:
                self.workshop.cancelled.set()
                result.interruption = interruption
                for future in running:
                    self._collect(future, result)
        for name in waiting:
            result.steps[name] = StepRun(name=name, status="not run")
        result.steps = {step.name: result.steps[step.name] for step in steps if step.name in result.steps}
        return result

    def _collect(self, future: Future[tuple[StepRun, MlopsError | None]], result: PipelineRun) -> None:
        step, error = future.result()
        is_tool = self.workshop.resolver.project.step(step.name).tool is not None
        if error and is_tool and step.status == "failed" and not isinstance(error, DamagedCacheError):
            result.setbacks[step.name] = error
            error = None
        result.steps[step.name] = step
        result.outputs |= {file.path: file for file in step.outputs}
        result.error = result.error or error

    def _one(
        self, step: Step, outputs: Mapping[str, FileRecord], distrusted: Collection[str]
    ) -> tuple[StepRun, MlopsError | None]:
        progress = self.workshop.progress
        error: MlopsError | None
        try:
            inputs = self.workshop.resolver.inputs(step, {path: file.digest for path, file in outputs.items()})
            fingerprint = step_fingerprint(inputs)
            known = None if self.force or fingerprint in distrusted else find_result(self.cache, step, fingerprint)
            if known:
                for file in known.outputs:
                    self.workshop.materials.promise(file, fingerprint)
                run, error = _reused(step, known), None
            else:
                last = self.cache.last(step.name)
                why = reasons(inputs, last.inputs if last else None) or (
                    ("--force",) if self.force else ("its result is not in the cache",)
                )
                progress.started(step.name, why)
                made = {path: outputs[path] for path in inputs.files if path in outputs}
                executed = self.workshop.execute(step, made)
                run, error = self._ran(step, fingerprint, why, executed), executed.error
                if error is None:
                    self._remember(run, inputs)
        except MlopsError as failure:
            run, error = StepRun(name=step.name, status="failed"), failure
        except OSError as failure:
            # A file that was there when the run began, and is not any more.
            error = RemoteError(f"step {step.name}: {failure.strerror}", where=failure.filename, hint="run it again")
            run = StepRun(name=step.name, status="failed")
        progress.finished(run)
        return run, error

    def _ran(self, step: Step, fingerprint: str, why: tuple[str, ...], executed: Executed) -> StepRun:
        finished = executed.finished
        interrupted = finished is not None and finished.ended == "cancelled"
        return StepRun(
            name=step.name,
            status="interrupted" if interrupted else "failed" if executed.error else "ran",
            reasons=why,
            fingerprint=fingerprint,
            outputs=executed.outputs,
            seconds=round(finished.seconds, 3) if finished else 0.0,
            cpu_seconds=round(finished.cpu_seconds, 3) if finished else 0.0,
            peak_memory=finished.peak_memory if finished else 0,
            exit_code=finished.exit_code if finished else None,
            log_tail=executed.log_tail,
        )

    def _remember(self, run: StepRun, inputs: StepInputs) -> None:
        result = StepResult(
            fingerprint=step_fingerprint(inputs),
            outputs=run.outputs,
            seconds=run.seconds,
            cpu_seconds=run.cpu_seconds,
            peak_memory=run.peak_memory,
            run=self.run_id,
        )
        contents = {file.digest: self.workshop.materials.path(file) for file in run.outputs}
        self.cache.remember(result, contents, anew=self.force)
        self.cache.note_last(run.name, LastResult(inputs=inputs, seconds=run.seconds))


def find_result(cache: StepCache, step: Step, fingerprint: str) -> StepResult | None:
    """What the cache knows of a step; a result that names files the step does not declare is not believed."""
    known = cache.find(fingerprint)
    declared = [output.path for output in step.outputs]
    if known is None:
        return None
    paths = [file.path for file in known.outputs]
    mine = all(normalise(path) == path and any(contains(output, path) for output in declared) for path in paths)
    mine = mine and all(is_digest(file.digest) for file in known.outputs)
    return known if mine else None


def _reused(step: Step, known: StepResult) -> StepRun:
    return StepRun(
        name=step.name,
        status="reused",
        fingerprint=known.fingerprint,
        outputs=known.outputs,
        seconds=known.seconds,
        cpu_seconds=known.cpu_seconds,
        peak_memory=known.peak_memory,
    )
