"""Devices whose ids are counted: when one goes its id is another's, and none is mistaken."""

import pytest

from tests.lab import Lab
from tests.providers.test_changing_domains import guest, start, usb_disk
from tests.providers.workshop import Workshop, work
from virtcim.hypervisors.definition import parse_domain
from virtcim.hypervisors.definition.devices import Device
from virtcim.hypervisors.definition.editing import DomainEditor
from virtcim.hypervisors.definition.plugged import (
    counterpart,
    is_plugged,
    place_of,
    places,
    plugged_since,
)
from virtcim.hypervisors.errors import HypervisorFailure
from virtcim.hypervisors.model import Verb
from virtcim.jobs.undoing import Absent, Present, take_back
from virtcim.wbem.status import WBEMError

pytestmark = pytest.mark.timeout(300)

ONE, TWO, THREE = (f"counted/tablet:usb{end}" for end in ("", ":1", ":2"))


async def _tablets(shop: Workshop, lab: Lab, count: int) -> None:
    """Define a guest with some tablets, each like the others."""
    tablet = shop.mof("Input", {"ResourceSubType": "tablet", "BusType": "usb"})
    await guest(shop, lab, "counted", *(tablet for _ in range(count)))


async def _places(shop: Workshop) -> list[list[str]]:
    """Where the tablets are, as it runs and as it is defined."""
    texts = await shop.texts("counted")
    return [
        [place_of(one) for one in parse_domain(text or "<domain/>").devices if _is_tablet(one.id)]
        for text in (texts.live, texts.persistent)
    ]


def _is_tablet(device_id: str) -> bool:
    return device_id.startswith("tablet:usb")


def test_the_first_of_two_goes_alone(lab: Lab) -> None:
    """What was the second has its id then; still it is seen that the first has gone."""

    async def scene(shop: Workshop) -> None:
        await _tablets(shop, lab, 2)
        await start(shop, "counted")
        live, defined = await _places(shop)
        await shop.remove("Input", ONE)
        assert await _places(shop) == [live[1:], defined[1:]]
        await shop.call("DestroySystem", AffectedSystem=shop.system_path("counted"))

    work(scene, lab.uri(), "KVM")


@pytest.mark.parametrize("runs", [False, True])
def test_those_go_that_were_named(
    lab: Lab,
    runs: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The ids of one request are those before it, in whatever order, and however often named."""

    async def scene(shop: Workshop) -> None:
        await _tablets(shop, lab, 3)
        if runs:
            await start(shop, "counted")
        live, defined = await _places(shop)
        await shop.remove("Input", ONE, TWO, ONE)
        assert await _places(shop) == [live[2:], defined[2:]]
        await shop.call("DestroySystem", AffectedSystem=shop.system_path("counted"))

    work(scene, lab.uri(), "KVM")


def test_another_of_the_next_start_stays(lab: Lab) -> None:
    """Where the next start has lost the first already, its first is the second of now."""

    async def scene(shop: Workshop) -> None:
        await _tablets(shop, lab, 2)
        await start(shop, "counted")
        live, defined = await _places(shop)
        await shop.remove("Input", "counted/defined/tablet:usb")
        assert await _places(shop) == [live, defined[1:]]
        await shop.remove("Input", ONE)
        assert await _places(shop) == [live[1:], defined[1:]]
        await shop.remove("Input", ONE)
        assert await _places(shop) == [[], []]
        await shop.call("DestroySystem", AffectedSystem=shop.system_path("counted"))

    work(scene, lab.uri(), "KVM")


def _inputs(*ports: int | None) -> tuple[Device, ...]:
    """Tablets at these ports; None: nothing is known of where it sits."""
    places = ("" if n is None else f"<address type='usb' bus='0' port='{n}'/>" for n in ports)
    tablets = "".join(f"<input type='tablet' bus='usb'>{place}</input>" for place in places)
    return parse_domain(f"<domain><devices>{tablets}</devices></domain>").devices


@pytest.mark.parametrize(
    ("own", "others", "found"),
    [
        ((1, 2), (1, 2), ["tablet:usb", "tablet:usb:1"]),
        ((1, 2), (2,), [None, "tablet:usb"]),
        ((1, 2), (1,), ["tablet:usb", None]),
        ((1, 2), (2, 3), [None, "tablet:usb"]),
        ((1, 2), (3, 4), ["tablet:usb", "tablet:usb:1"]),
        ((1,), (3, 4), [None]),
        ((None, None), (None,), ["tablet:usb", None]),
        ((1,), (), [None]),
    ],
)
def test_which_is_which(
    own: tuple[int | None, ...], others: tuple[int | None, ...], found: list[str | None]
) -> None:
    """By where they sit; by their ids only where nothing speaks against it."""
    here, there = _inputs(*own), _inputs(*others)
    assert [counterpart(here, there, one.id) for one in here] == found


def test_what_was_taken_is_given_back(lab: Lab) -> None:
    """When a device beside it cannot be taken, it is plugged in where it was."""

    async def scene(shop: Workshop) -> None:
        await _tablets(shop, lab, 2)
        await start(shop, "counted")
        before = await _places(shop)
        with pytest.raises(WBEMError, match="ps2 cannot be taken"):
            await shop.remove("Input", ONE, "counted/mouse:ps2")
        assert sorted((await _places(shop))[0]) == sorted(before[0])
        assert (await _places(shop))[1] == before[1]
        await shop.call("DestroySystem", AffectedSystem=shop.system_path("counted"))

    work(scene, lab.uri(), "KVM")


def test_what_was_given_is_taken_back(lab: Lab) -> None:
    """And not the one that was there and has, in what runs, the id of the new one."""

    async def scene(shop: Workshop) -> None:
        await _tablets(shop, lab, 1)
        await start(shop, "counted")
        await shop.remove("Input", "counted/defined/tablet:usb")
        before = await _places(shop)
        assert [len(one) for one in before] == [1, 0]
        tablet = shop.mof("Input", {"ResourceSubType": "tablet", "BusType": "usb"})
        with pytest.raises(WBEMError, match="nothing was changed"):
            await shop.add("counted", tablet, usb_disk(shop, "sdb", "/nowhere"))
        assert await _places(shop) == before
        await shop.call("DestroySystem", AffectedSystem=shop.system_path("counted"))

    work(scene, lab.uri(), "KVM")


def test_nobody_guesses_which_one_is_ours(lab: Lab) -> None:
    """Where somebody else has plugged in the same, that is said, and both stay."""

    async def scene(shop: Workshop) -> None:
        await _tablets(shop, lab, 2)
        await start(shop, "counted")
        uuid = shop.domain("counted").uuid
        live = (await shop.texts("counted")).live or ""
        known = tuple(one for one in places(live) if not one.startswith("input type=usb"))
        before = await _places(shop)
        with pytest.raises(HypervisorFailure, match="somebody else has added one too"):
            await take_back(
                shop.host, Absent(uuid=uuid, device="tablet:usb", element="input", known=known)
            )
        text = DomainEditor(live).device_text("tablet:usb:1")
        await take_back(shop.host, Present(uuid=uuid, device="tablet:usb:7", xml=text))
        assert await _places(shop) == before
        await shop.host.change(uuid, Verb.DESTROY)
        await shop.call("DestroySystem", AffectedSystem=shop.system_path("counted"))

    work(scene, lab.uri(), "KVM")


FIRST = "<address type='drive' controller='0' unit='0'/>"
LIVE = f"""<domain><devices>
<disk><target dev='hda' bus='ide'/>{FIRST}</disk>
<disk><target dev='sda' bus='sata'/>{FIRST}</disk>
<rng model='virtio'><address type='pci' slot='0x05'/></rng>
<rng model='virtio'><address type='pci' slot='0x06'/></rng>
<hub type='usb'/>
</devices></domain>"""


@pytest.mark.parametrize(
    ("device", "text", "there"),
    [
        ("hda", f"<disk><target dev='hda'/>{FIRST}</disk>", 1),
        ("hdb", f"<disk><target dev='hdb'/>{FIRST}</disk>", 0),
        ("rng:0", "<rng><address type='pci' slot='0x06'/></rng>", 1),
        ("rng:0", "<rng><address type='pci' slot='0x04'/></rng>", 0),
        ("hub:0", "<hub type='usb'/>", 1),
        ("hub:1", "<hub type='usb'/>", 0),
    ],
)  # fmt: skip
def test_what_is_plugged(device: str, text: str, there: int) -> None:
    """By name where it has one, by place where it is counted, by id where it has neither."""
    assert is_plugged(LIVE, device, text) is bool(there)


def test_what_is_new() -> None:
    """Of the element, not known before, and named as it should be where it has a name."""
    known = [one for one in places(LIVE) if "0x06" not in one and "sda" not in one]
    assert plugged_since(LIVE, known, "rng", "rng:4") == ("rng:1",)
    assert plugged_since(LIVE, known, "disk", "sda") == ("sda",)
    assert plugged_since(LIVE, known, "disk", "sdb") == ()
    assert plugged_since(LIVE, places(LIVE), "rng", "rng:1") == ()
