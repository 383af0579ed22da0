"""Random sequences of what people and failures do to a deployment; with ``MLOPS_CI_SOAK=1`` many more of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from mlops_ci.errors import MlopsError
from tests.deployment.machine import FAULTS, Fault, Killed
from tests.deployment.office import Make, Office
from tests.parts.need import soak

_calls = st.none() | st.integers(1, 30)
_faults = st.sampled_from(FAULTS)


def test_whatever_happens_clients_get_answers_of_a_protected_version(make: Make) -> None:
    class Deployments(RuleBasedStateMachine):
        @initialize()
        def open(self) -> None:
            self.office: Office = make()

        def _try(self, work: Callable[[], object], at: int | None, fault: Fault) -> None:
            office, known = self.office, self.office.known
            office.machine.arm(at, fault)
            try:
                work()
            except (Killed, MlopsError):
                pass
            finally:
                office.machine.reboot()
            # What the log does not know yet is nobody's: a first version that a job let serve, and died, is given up.
            was_serving = known is not None and known.instance is not None
            assert office.serving is not None or not was_serving or work == office.delete, "clients get no answer"

        @rule(version=st.integers(1, 3), again=st.booleans(), at=_calls, fault=_faults)
        def deploy(self, version: int, again: bool, at: int | None, fault: Fault) -> None:
            self._try(lambda: self.office.deploy(version, again=again), at, fault)

        @rule(at=_calls, fault=_faults)
        def rollback(self, at: int | None, fault: Fault) -> None:
            self._try(self.office.rollback, at, fault)

        @rule(at=_calls, fault=_faults, hours=st.sampled_from([0, 2]))
        def check(self, at: int | None, fault: Fault, hours: int) -> None:
            self.office.now += timedelta(hours=hours)
            self._try(self.office.check, at, fault)

        @rule()
        def delete(self) -> None:
            self._try(self.office.delete, None, "fails")

        @rule(version=st.integers(1, 3), how=st.sampled_from(["broken", "slow", "deaf"]))
        def spoil(self, version: int, how: str) -> None:
            known = self.office.known
            if known is None or version != known.version:
                getattr(self.office.target, how).add(version)

        @rule()
        def mend(self) -> None:
            for versions in (self.office.target.broken, self.office.target.slow, self.office.target.deaf):
                versions.clear()

        @invariant()
        def sound(self) -> None:
            self.office.require_sound()

        def teardown(self) -> None:
            self.mend()
            self.office.now += timedelta(hours=2)
            self.office.check()
            self.office.require_settled()

    run_state_machine_as_test(
        Deployments,
        settings=settings(
            max_examples=soak(40, 1500),
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
