"""Texts that no hypervisor should give."""

import random

import pytest

from tests.hypervisors.definition.corpus import PARSERS, texts
from virtcim.hypervisors.definition import Disk, parse_domain, parse_filter, parse_snapshot
from virtcim.hypervisors.errors import HypervisorFailure

LAUGHS = "".join(
    f'<!ENTITY l{number + 1} "{f"&l{number};" * 10}">' for number in range(12)
)  # fmt: skip


@pytest.mark.parametrize("folder", sorted(PARSERS))
@pytest.mark.parametrize("text", ["", " ", "<", "<a>", "<a></b>", "<a>\x00</a>", "<a>\ud800</a>"])
def test_what_is_no_xml_is_a_failure(folder: str, text: str) -> None:
    """Raises HypervisorFailure."""
    with pytest.raises(HypervisorFailure):
        PARSERS[folder](text)


def test_nesting_is_bounded() -> None:
    """Raises HypervisorFailure."""
    with pytest.raises(HypervisorFailure):
        parse_domain("<a>" * 100_000 + "</a>" * 100_000)


def test_entities_that_grow_are_refused() -> None:
    """Raises HypervisorFailure."""
    with pytest.raises(HypervisorFailure):
        parse_domain(f'<!DOCTYPE d [<!ENTITY l0 "ha">{LAUGHS}]><domain><name>&l12;</name></domain>')


def test_entities_say_nothing() -> None:
    """Neither those of files nor those of the text itself."""
    text = (
        '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY x SYSTEM "file:///etc/hostname">]><domain>'
        "<name>&a;</name><title>&x;</title><devices>&a;<hub type='usb'>&x;</hub></devices>"
        "</domain>"
    )
    one = parse_domain(text)
    assert (one.name, one.title) == (None, None)
    assert [device.attributes for device in one.devices] == [("@type=usb",)]


def test_comments_and_instructions_say_nothing() -> None:
    """They are left out."""
    hub = "<hub type='usb'><!-- d --></hub>"
    text = f"<domain><!-- a --><devices><?b?><!-- c -->{hub}</devices></domain>"
    (device,) = parse_domain(text).devices
    assert (device.id, device.attributes) == ("hub:0", ("@type=usb",))


def test_a_long_chain_of_images() -> None:
    """Is read to its end."""
    depth = 200
    store = "<backingStore type='file'><source file='/x'/>"
    text = "<disk>" + store * depth + "</backingStore>" * depth + "</disk>"
    (disk,) = parse_domain(f"<domain><devices>{text}</devices></domain>").devices
    assert isinstance(disk, Disk)
    assert len(disk.backing) == depth
    assert len(disk.attributes) == 2 * depth


def test_many_devices_of_one_name() -> None:
    """Each gets an id of its own."""
    text = "<disk><target dev='vda'/></disk>" * 500
    devices = parse_domain(f"<domain><devices>{text}</devices></domain>").devices
    assert len({device.id for device in devices}) == 500


def test_a_root_of_another_name() -> None:
    """Has the fields that it has."""
    one = parse_domain("<guest><name>a</name><devices/><devices><x y='z'/></devices></guest>")
    assert one.name == "a"
    assert [device.attributes for device in one.devices] == [("@y=z",)]
    assert parse_snapshot("<domainsnapshot/>") is None


def test_a_filter_of_nothing() -> None:
    """Has no rules."""
    assert parse_filter("<filter/>").rules == ()


@pytest.mark.parametrize("name", sorted(texts("domains")))
def test_damaged_definitions(name: str) -> None:
    """Any value may be anything: none raises but for XML that is none."""
    text = texts("domains")[name]
    dice = random.Random(name)
    for _ in range(20):
        place = dice.randrange(len(text))
        piece = dice.choice(["", "-1", "x", "'/>", "<a/>", "\u0663", "9" * 40, "&amp;"])
        damaged = text[:place] + piece + text[place + dice.randrange(4) :]
        try:
            one = parse_domain(damaged)
        except HypervisorFailure:
            continue
        assert len({device.id for device in one.devices}) == len(one.devices)
        assert not one.differs_from(one)
        assert all(device.attributes is not None for device in one.devices)


@pytest.mark.parametrize("character", ["\ufffe", "\uffff"])
def test_characters_that_libvirt_writes_and_xml_has_not(character: str) -> None:
    """A title with one does not make its domain unreadable."""
    assert parse_domain(f"<domain><title>a{character}</title></domain>").title == "a\ufffd"
