"""Checks before a migration: each objects to one thing, and to nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from tests.hypervisors.standing import HOST, facts_of
from tests.providers.handmade import domain_text
from virtcim.hypervisors.actions import DestinationFacts, DomainThere
from virtcim.hypervisors.model import DomainState, DomainUUID, StateReason
from virtcim.jobs.moves import MoveType
from virtcim.providers.migration_checks import CHECKS, Situation, objections
from virtcim.providers.migration_settings import Wishes

TEXT = domain_text("d", "")
RUNNING = facts_of(TEXT, TEXT)
OFF = facts_of(None, TEXT)
OTHER = DomainThere(
    name="d", uuid=DomainUUID("other"), state=DomainState.SHUTOFF, reason=StateReason.UNKNOWN,
    active=False, persistent=True,
)  # fmt: skip
THERE = DestinationFacts(
    hostname="there", hypervisor_type="QEMU", version=(7, 2, 22), host_uuid="there",
    same_uuid=None, same_name=None,
)  # fmt: skip

OFFLINE, LIVE, RESUME, RESTART = MoveType.OFFLINE, MoveType.LIVE, MoveType.RESUME, MoveType.RESTART


def situation(kind: MoveType = LIVE, **given: Any) -> Situation:
    """Return one to which nobody objects, but for what is given."""
    usual: dict[str, Any] = {
        "domain": OFF if kind is OFFLINE else RUNNING, "is_migrating": False,
        "wishes": Wishes(type=kind), "here": HOST, "there": THERE, "strictly_newer": False,
    }  # fmt: skip
    return Situation(**(usual | given))


@pytest.mark.parametrize("kind", MoveType)
def test_nobody_objects(kind: MoveType) -> None:
    """Where all is well."""
    assert list(objections(situation(kind))) == []


def there(**given: Any) -> DestinationFacts:
    """Return a destination that differs in this."""
    return replace(THERE, **given)


OBJECTIONS: dict[str, list[Situation]] = {
    "at rest": [situation(is_migrating=True)],
    "another host": [situation(there=there(host_uuid=HOST.uuid))],
    "the same hypervisor": [situation(there=there(hypervisor_type="Xen"))],
    "no older hypervisor": [
        situation(there=there(version=(7, 1, 99))),
        situation(RESUME, there=there(version=(6, 9, 0))),
        situation(strictly_newer=True, there=there(version=(7, 2, 21))),
        situation(OFFLINE, strictly_newer=True, there=there(version=(7, 2, 21))),
    ],
    "a fitting state": [
        situation(OFFLINE, domain=RUNNING),
        situation(LIVE, domain=OFF),
        situation(RESUME, domain=OFF),
        situation(RESTART, domain=OFF),
    ],
    "a definition": [situation(RESTART, domain=facts_of(TEXT, None))],
    "no saved memory": [situation(OFFLINE, domain=replace(OFF, managed_save=True))],
    "no snapshots": [situation(kind, domain=replace(OFF if kind is OFFLINE else RUNNING,
                                                    has_snapshots=True)) for kind in MoveType],
    "a free name": [situation(there=there(same_name=OTHER)),
                    situation(OFFLINE, there=there(same_uuid=OTHER))],
}  # fmt: skip


def test_every_check_is_tried() -> None:
    """Below is one situation at least for each."""
    assert [check.name for check in CHECKS] == list(OBJECTIONS)


@pytest.mark.parametrize(
    ("name", "case"), [(name, case) for name, cases in OBJECTIONS.items() for case in cases]
)
def test_one_objects(name: str, case: Situation) -> None:
    """The one that it is about, and no other; its sentence says what."""
    assert [check.name for check in CHECKS if check.objection(case)] == [name]
    (error,) = objections(case)
    assert len(error.reason) > 20


@pytest.mark.parametrize(
    "case",
    [
        situation(there=there(version=(7, 2, 0))),
        situation(there=there(version=(8, 0, 0))),
        situation(OFFLINE, there=there(version=(6, 0, 0))),
        situation(RESTART, there=there(version=(6, 0, 0))),
        situation(there=there(host_uuid=None)),
        situation(here=replace(HOST, uuid=None), there=there(host_uuid=None)),
        situation(domain=facts_of(TEXT, None)),
    ],
)
def test_what_is_no_reason(case: Situation) -> None:
    """Bug fixes, versions where no memory moves, hosts that tell no UUID, transient domains."""
    assert list(objections(case)) == []
