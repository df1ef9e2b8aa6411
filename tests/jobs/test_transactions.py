"""Transactions: what is said of a change that failed, and how its steps outlive a server."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from tests.inventory.scripted import A, B
from tests.providers.workshop import Workshop, work
from virtcim.hypervisors import errors
from virtcim.hypervisors.actions import (
    DefineDomain,
    DomainChange,
    Note,
    ReadDefinitions,
    RenameDomain,
    SetAutostart,
    SetBlockLimits,
    SetNote,
    SetVCPUs,
    UndefineDomain,
    UpdateDevice,
)
from virtcim.hypervisors.model import DomainUUID, Verb
from virtcim.infostore.jobs import JSON
from virtcim.infostore.records import DomainRecord
from virtcim.jobs import undoing
from virtcim.jobs.transactions import Transaction
from virtcim.jobs.undoing import (
    Absent,
    Change,
    Present,
    Redefine,
    Remember,
    Undefine,
    Undo,
    from_json,
    take_back,
    to_json,
)

NOBODY = DomainUUID("00000000-0000-4000-8000-000000000001")
XML = (
    "<domain type='test'><name>brief</name><memory>65536</memory><os><type>hvm</type></os></domain>"
)

UNDONE: tuple[Undo, ...] = (
    Change(action=SetBlockLimits(uuid=A, target="vda", limits={"total_bytes_sec": 5})),
    Change(action=SetNote(uuid=A, note=Note.TITLE, text=None)),
    Change(action=RenameDomain(uuid=A, name="old")),
    Change(action=UpdateDevice(uuid=A, xml="<disk/>")),
    Undefine(uuid=A),
    Redefine(uuid=A, xml="<domain/>", made=None),
    Absent(uuid=A, device="vdb", element="disk", known=("disk vda",)),
    Present(uuid=A, device="vdb", xml="<disk/>"),
    Remember(uuid=A, record=DomainRecord(weight=7)),
)


@pytest.mark.parametrize("one", UNDONE, ids=lambda one: to_json(one)["undo"])
def test_a_way_back_is_kept_and_read_again(one: Undo) -> None:
    """As JSON, which a job keeps."""
    assert from_json(to_json(one)) == one


def test_every_way_back_can_be_kept() -> None:
    """The tables are total: over the kinds, and over the actions that change a domain."""
    assert set(undoing._DONE) == set(Undo.__args__)
    assert set(undoing._CHANGES) == {one.__name__ for one in DomainChange.__subclasses__()}
    assert {type(one) for one in UNDONE} == set(undoing._DONE)


@pytest.mark.parametrize(
    ("steps", "unsettled", "said"),
    [
        (((False, True),), False, "; nothing was changed"),
        (((False, False),), True, "; nothing else was changed"),
        (((True, True),), False, "; this was done and could not be undone: step 0 (no)"),
        (((True, False),), False, "; it is not known whether this was done: step 0 (no)"),
        (
            ((True, True), (True, False)),
            True,
            (
                "; this was done and could not be undone: step 0 (no)"
                "; it is not known whether this was done: step 1 (no)"
            ),
        ),
    ],
)
def test_what_is_said(
    steps: tuple[tuple[bool, bool], ...],
    unsettled: bool,  # noqa: FBT001 - a parameter of the test
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By whether the way back fails, and whether steps were taken for certain."""

    async def scene(shop: Workshop) -> None:
        transaction = Transaction(shop.host)
        for number, (fails, certain) in enumerate(steps):
            uuid = A if fails else B
            try:
                async with transaction.step(f"step {number}", Undefine(uuid=uuid)):
                    if not certain:
                        raise errors.ConnectionLost("gone")
            except errors.ConnectionLost:
                continue
        transaction.unsettled = unsettled
        assert await transaction.roll_back() == said

    async def undefine(_host: object, one: Undefine) -> None:
        if one.uuid == A:
            raise errors.HypervisorFailure("no")

    doing: Callable[[object, Undefine], Awaitable[None]] = undefine
    monkeypatch.setattr(undoing, "_DONE", {Undefine: doing})
    work(scene, "test:///default", "Test")


def test_steps_are_kept_before_they_are_taken() -> None:
    """And what was not taken is not kept any more."""

    async def scene(shop: Workshop) -> None:
        kept: list[list[JSON]] = []
        transaction = Transaction(shop.host)

        async def keep(steps: list[JSON]) -> None:
            kept.append(steps)

        transaction.keep_by(keep)
        async with transaction.step("the first", Undefine(uuid=A)):
            assert kept == [[{"what": "the first", "undo": "Undefine", "uuid": A}]]
        with suppress(errors.InvalidState):
            async with transaction.step("the second", Undefine(uuid=B)):
                assert len(kept[-1]) == 2
                raise errors.InvalidState("it was not taken")
        async with transaction.step("the third", Undefine(uuid=B)) as step:
            step.taken = False
        await transaction.keep()
        assert kept[-1] == kept[0]
        transaction.stopped = True
        with pytest.raises(errors.HypervisorFailure, match="stopped"):
            async with transaction.step("the fourth", Undefine(uuid=B)):
                pytest.fail("it was taken")

    work(scene, "test:///default", "Test")


def test_what_others_have_changed_since_is_theirs() -> None:
    """A definition is only taken back while it is the one that we made."""

    async def scene(shop: Workshop) -> None:
        uuid = await shop.host.perform(DefineDomain(xml=XML))
        old = await _text(shop, uuid)
        await shop.host.perform(DefineDomain(xml=old.replace("65536", "131072")))
        made = await _text(shop, uuid)
        back = Redefine(uuid=uuid, xml=old, made=made)
        await take_back(shop.host, back)
        assert await _text(shop, uuid) == old
        await take_back(shop.host, back)  # twice is as good as once
        await shop.host.perform(DefineDomain(xml=old.replace("65536", "262144")))
        theirs = await _text(shop, uuid)
        with pytest.raises(errors.HypervisorFailure, match="somebody else"):
            await take_back(shop.host, back)
        assert await _text(shop, uuid) == theirs
        await shop.host.perform(UndefineDomain(uuid=uuid))
        await take_back(shop.host, back)  # with the domain everything has gone
        with pytest.raises(errors.DomainNotFound):
            await _text(shop, uuid)

    work(scene, "test:///default", "Test")


def test_what_concerns_a_running_domain_ends_with_it() -> None:
    """Nothing is taken back of a domain that does not run any more; its name and start are."""

    async def scene(shop: Workshop) -> None:
        uuid = await shop.host.perform(DefineDomain(xml=XML))
        for action in (
            SetVCPUs(uuid=uuid, count=1),
            UpdateDevice(uuid=uuid, xml="<nonsense/>"),
            RenameDomain(uuid=uuid, name="brief"),
        ):
            await take_back(shop.host, Change(action=action))
        await take_back(shop.host, Present(uuid=uuid, device="vda", xml="<nonsense/>"))
        absent = Absent(uuid=uuid, device="vda", element="nonsense", known=())
        await take_back(shop.host, absent)
        await take_back(shop.host, Change(action=SetAutostart(uuid=uuid, on=True)))
        assert shop.host.listing.domains[uuid].facts.autostart
        await take_back(shop.host, Undefine(uuid=uuid))
        await take_back(shop.host, Undefine(uuid=uuid))
        await take_back(shop.host, Change(action=SetAutostart(uuid=NOBODY, on=False)))

    work(scene, "test:///default", "Test")


def test_what_somebody_has_started_stays_defined() -> None:
    """A new system is not taken from under a guest that runs."""

    async def scene(shop: Workshop) -> None:
        uuid = await shop.host.perform(DefineDomain(xml=XML))
        await shop.host.change(uuid, Verb.START)
        with pytest.raises(errors.HypervisorFailure, match="somebody has started it"):
            await take_back(shop.host, Undefine(uuid=uuid))
        await shop.host.change(uuid, Verb.DESTROY)
        await take_back(shop.host, Undefine(uuid=uuid))

    work(scene, "test:///default", "Test")


async def _text(shop: Workshop, uuid: DomainUUID) -> str:
    found = (await shop.host.perform(ReadDefinitions(uuid=uuid))).persistent
    assert found is not None
    return found
