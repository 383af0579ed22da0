"""The conductor: runs what must run, in order, in parallel where steps are independent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from mlops_ci.edge.machine import available_processors
from mlops_ci.errors import MlopsError, RemoteError, UsageError
from mlops_ci.pipeline.cache import DamagedCacheError, StepCache
from mlops_ci.pipeline.execute import Executed, Workshop
from mlops_ci.pipeline.fingerprint import step_fingerprint
from mlops_ci.pipeline.reads import reads_of
from mlops_ci.pipeline.sandbox import outputs_below
from mlops_ci.pipeline.why import reasons
from mlops_ci.project.graph import upstream
from mlops_ci.project.paths import contains, normalise
from mlops_ci.project.project import Step
from mlops_ci.project.variants import Variant, needed_before, variants
from mlops_ci.records.digest import is_digest
from mlops_ci.records.files import FileRecord
from mlops_ci.records.run import StepRun
from mlops_ci.records.step_result import LastResult, StepResult

_SIGNAL_CHECK_SECONDS = 0.2


@dataclass(slots=True)
class PipelineRun:
    """What became of the steps, by name and, of those that ran once for each seed, by seed.

    ``error`` is the first failure, ``interruption`` the signal that ended the run early; both are values so that
    the caller can write the run's record before it raises them. ``setbacks`` are failures of steps that nobody has
    written, which end no run.
    """

    steps: dict[str, StepRun] = field(default_factory=dict)
    error: MlopsError | None = None
    interruption: BaseException | None = None
    setbacks: dict[str, MlopsError] = field(default_factory=dict)

    def outputs(self, seed: int | None = None) -> dict[str, FileRecord]:
        """What the steps of a seed have made, by path; without one those of the pipeline, which are the first's."""
        return {file.path: file for run in self.steps.values() if run.seed in {None, seed or 0} for file in run.outputs}

    def further_seeds(self) -> tuple[int, ...]:
        """The seeds after the first, in order."""
        return tuple(sorted({run.seed for run in self.steps.values() if run.seed}))


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

    ``wanted`` are outputs that somebody will read afterwards, ``wanted_of_seeds`` those of the seeds after the first.
    ``only`` limits the run to these steps and what they need; ``force`` ignores what the cache knows.
    """

    workshop: Workshop
    cache: StepCache
    run_id: str
    wanted: Collection[str] = ()
    wanted_of_seeds: Collection[str] = ()
    only: Collection[str] = ()
    force: bool = False

    def run(self) -> PipelineRun:
        """Run until everything is done, something failed, or a signal came."""
        distrusted: dict[str, str] = {}
        while True:
            result = self._attempt(distrusted)
            if result.error is None and result.interruption is None:
                self._fetch_wanted(result)
            # What the cache lost or spoiled is made again; what ran in this attempt is cached by now.
            if isinstance(result.error, DamagedCacheError) and result.error.fingerprint not in distrusted:
                self.cache.forget(result.error.fingerprint, result.error.file)
                distrusted[result.error.fingerprint] = result.error.reason
                continue
            return result

    def _fetch_wanted(self, result: PipelineRun) -> None:
        wanted = [(result.outputs(), self.wanted)]
        wanted += [(result.outputs(seed), self.wanted_of_seeds) for seed in result.further_seeds()]
        try:
            for outputs, paths in wanted:
                for name in (name for path in paths for name in outputs_below(outputs, path)):
                    self.workshop.materials.path(outputs[name])
        except DamagedCacheError as error:
            result.error = error

    def _attempt(self, distrusted: Mapping[str, str]) -> PipelineRun:
        """Run once; ``distrusted`` says by fingerprint what is wrong with a result in the cache."""
        project = self.workshop.resolver.project
        chosen = variants(project, selected_steps(project.steps, self.only))
        before = needed_before(chosen)
        result = PipelineRun()
        waiting = {variant.name: variant for variant in chosen}
        running: dict[Future[tuple[StepRun, MlopsError | None]], Variant] = {}
        with ThreadPoolExecutor(max_workers=max(2, available_processors()), thread_name_prefix="step") as pool:
            try:
                while waiting or running:
                    if result.error is None:
                        for variant in _ready(waiting.values(), running.values(), before, result.steps):
                            del waiting[variant.name]
                            outputs = result.outputs(variant.seed)
                            running[pool.submit(self._one, variant, outputs, distrusted)] = variant
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
        for name, variant in waiting.items():
            result.steps[name] = StepRun(name=variant.step.name, status="not run", seed=variant.seed)
        result.steps = {one.name: result.steps[one.name] for one in chosen if one.name in result.steps}
        return result

    def _collect(self, future: Future[tuple[StepRun, MlopsError | None]], result: PipelineRun) -> None:
        step, error = future.result()
        is_tool = self.workshop.resolver.project.step(step.name).tool is not None
        if error and is_tool and step.status == "failed" and not isinstance(error, DamagedCacheError):
            result.setbacks[step.name] = error
            error = None
        result.steps[step.label] = step
        result.error = result.error or error

    def _one(
        self, variant: Variant, outputs: Mapping[str, FileRecord], distrusted: Mapping[str, str]
    ) -> tuple[StepRun, MlopsError | None]:
        progress, step = self.workshop.progress, variant.step
        error: MlopsError | None
        try:
            inputs = self.workshop.resolver.inputs(step, {path: file.digest for path, file in outputs.items()})
            fingerprint = step_fingerprint(inputs, variant.told)
            known = None if self.force or fingerprint in distrusted else find_result(self.cache, step, fingerprint)
            if known:
                for file in known.outputs:
                    self.workshop.materials.promise(file, fingerprint)
                run, error = _reused(variant, known), None
            else:
                if fingerprint in distrusted:
                    why: tuple[str, ...] = (distrusted[fingerprint],)
                else:
                    why = reasons(inputs, variant.told, self.cache.last(step.name, variant.seed)) or (
                        ("--force",) if self.force else ("its result is not in the cache",)
                    )
                progress.started(variant.name, why)
                made = {path: outputs[path] for path in inputs.files if path in outputs}
                executed = self.workshop.execute(variant, made)
                run, error = self._ran(variant, fingerprint, why, executed), executed.error
                if error is None:
                    self._remember(run, LastResult(inputs, run.seconds, variant.told))
            run = replace(run, reads=reads_of(step, inputs))
        except MlopsError as failure:
            run, error = StepRun(name=step.name, status="failed", seed=variant.seed), failure
        except OSError as failure:
            # A file that was there when the run began, and is not any more.
            error = RemoteError(f"step {variant.name}: {failure.strerror}", where=failure.filename, hint="run it again")
            run = StepRun(name=step.name, status="failed", seed=variant.seed)
        progress.finished(run)
        return run, error

    def _ran(self, variant: Variant, fingerprint: str, why: tuple[str, ...], executed: Executed) -> StepRun:
        finished = executed.finished
        interrupted = finished is not None and finished.ended == "cancelled"
        return StepRun(
            name=variant.step.name,
            status="interrupted" if interrupted else "failed" if executed.error else "ran",
            reasons=why,
            fingerprint=fingerprint,
            outputs=executed.outputs,
            seconds=round(finished.seconds, 3) if finished else 0.0,
            cpu_seconds=round(finished.cpu_seconds, 3) if finished else 0.0,
            peak_memory=finished.peak_memory if finished else 0,
            exit_code=finished.exit_code if finished else None,
            log_tail=executed.log_tail,
            seed=variant.seed,
        )

    def _remember(self, run: StepRun, last: LastResult) -> None:
        result = StepResult(
            fingerprint=step_fingerprint(last.inputs, last.seed),
            outputs=run.outputs,
            seconds=run.seconds,
            cpu_seconds=run.cpu_seconds,
            peak_memory=run.peak_memory,
            run=self.run_id,
        )
        step = self.workshop.resolver.project.step(run.name)
        passing = [output.path for output in step.outputs if output.store is False]
        kept = [file for file in run.outputs if not any(contains(path, file.path) for path in passing)]
        contents = {file.digest: self.workshop.materials.path(file) for file in kept}
        self.cache.remember(result, contents, anew=self.force)
        self.cache.note_last(run.name, run.seed, last)


def _ready(
    waiting: Iterable[Variant],
    running: Iterable[Variant],
    before: Mapping[str, Collection[str]],
    done: Collection[str],
) -> list[Variant]:
    """What can start now. A step has its machine to itself: of its seeds one runs at a time."""
    busy = {variant.step.name for variant in running}
    found = []
    for variant in waiting:
        if variant.step.name not in busy and all(name in done for name in before[variant.name]):
            busy.add(variant.step.name)
            found.append(variant)
    return found


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


def _reused(variant: Variant, known: StepResult) -> StepRun:
    return StepRun(
        name=variant.step.name,
        status="reused",
        fingerprint=known.fingerprint,
        outputs=known.outputs,
        seconds=known.seconds,
        cpu_seconds=known.cpu_seconds,
        peak_memory=known.peak_memory,
        seed=variant.seed,
    )
