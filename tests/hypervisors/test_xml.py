"""Reading of domain and host XML."""

import pytest

from virtcim.hypervisors.errors import HypervisorFailure
from virtcim.hypervisors.libvirt.xml import definition, host_uuid, masked
from virtcim.hypervisors.model import Console

LIVE = """<domain type='kvm' id='4'><name>a</name><title>Größe</title>
<description>two
lines</description><os><type arch='x86_64'>hvm</type></os><devices>
<graphics type='vnc' port='5907' autoport='yes' listen='127.0.0.1'>
  <listen type='address' address='127.0.0.1'/></graphics>
<graphics type='spice' port='-1' autoport='yes'><listen type='address' address='::1'/></graphics>
<graphics type='vnc'><listen type='socket' socket='/run/vnc'/></graphics>
<serial type='pty'><source path='/dev/pts/3'/><target port='0'/></serial>
<console type='pty' tty='/dev/pts/3'><source path='/dev/pts/3'/></console>
<console type='tcp'><source mode='bind' host='0.0.0.0' service='4555'/></console>
</devices></domain>"""


def test_passwords_are_masked() -> None:
    """What a console's password is, no fact tells; that there is one, the definition does."""
    text = """<graphics type='vnc' passwd='it&apos;s' passwdValidTo='x'/><a passwd="two"/>"""
    shown = "<graphics type='vnc' passwd='********' passwdValidTo='x'/><a passwd='********'/>"
    assert masked(text) == shown
    assert masked(LIVE) is LIVE


def test_cookies_are_masked() -> None:
    """They let into the server that a disk comes from; libvirt shows them with the passwords."""
    text = "<cookies><cookie name='session'>secret</cookie></cookies>"
    assert masked(text) == text.replace("secret", "********")


def test_a_definition_is_read() -> None:
    """Title, description, kind and consoles; the console that is a serial port counts once."""
    read = definition(LIVE)
    assert read.title == "Größe"
    assert read.description == "two\nlines"
    assert read.os_type == "hvm"
    assert read.consoles == (
        Console(kind="vnc", address="127.0.0.1", port=5907),
        Console(kind="spice", address="::1", port=None),
        Console(kind="vnc", address=None, port=None),
        Console(kind="pty", address=None, port=None),
        Console(kind="tcp", address="0.0.0.0", port=4555),
    )


def test_absent_elements_are_none() -> None:
    """A definition with nothing in it, and empty elements."""
    read = definition("<domain><title/><os/></domain>")
    assert (read.title, read.description, read.os_type, read.consoles) == (None, None, None, ())


def test_a_declared_encoding_does_no_harm() -> None:
    """The text may carry an XML declaration."""
    assert definition("<?xml version='1.0' encoding='UTF-8'?><domain/>").title is None


def test_entities_are_not_resolved() -> None:
    """A description cannot read a file."""
    text = (
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        "<domain><description>&x;</description></domain>"
    )
    assert not definition(text).description


@pytest.mark.parametrize("text", ["", "<domain>", "<domain>\x01</domain>"])
def test_broken_xml_is_a_failure(text: str) -> None:
    """Raises HypervisorFailure."""
    with pytest.raises(HypervisorFailure):
        definition(text)


def test_the_host_uuid() -> None:
    """Of the capabilities; None when they tell none."""
    assert host_uuid("<capabilities><host><uuid>u</uuid></host></capabilities>") == "u"
    assert host_uuid("<capabilities><host/></capabilities>") is None
