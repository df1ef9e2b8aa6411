"""Access points of consoles: who can be reached where, and what libvirt-cim calls it."""

import pytest

from tests.hypervisors.standing import facts_of
from tests.providers.handmade import domain_text, found_again, model_of, records, told
from tests.providers.stage import SERVER
from virtcim.inventory import Communication
from virtcim.providers.console_access import FAMILY
from virtcim.schema.layouts import Record

DEFINED = (
    "<graphics type='vnc' port='-1' autoport='yes'/>"
    "<graphics type='spice' port='5930' tlsPort='5931'/>"
    "<graphics type='rdp' port='3389'/>"
    "<graphics type='sdl' display=':0'/>"
)
LIVE = (
    "<graphics type='vnc' port='5901' autoport='yes' listen='127.0.0.1'>"
    "<listen type='address' address='127.0.0.1'/></graphics>"
    "<graphics type='spice' port='5930' tlsPort='5931' listen='::1'/>"
    "<graphics type='rdp' port='3389' listen='0.0.0.0'/>"
    "<graphics type='sdl' display=':0'/>"
)


def accesses(defined: str, live: str | None = None, *, compat: bool = False) -> list[Record]:
    """Return the access points of a domain with these graphics."""
    text = None if live is None else domain_text("demo", live)
    model = model_of(facts_of(text, domain_text("demo", defined)), compat=compat)
    found = records(model, FAMILY)
    assert found_again(model, FAMILY) == found
    return found


def test_a_running_domain() -> None:
    """One for each display that has a protocol, with its ports of now, and enabled."""
    vnc, spice, rdp = accesses(DEFINED, LIVE)
    assert told(vnc, "SystemName", "SystemCreationClassName", "Name") == (
        "demo", "KVM_ComputerSystem", "vnc",
    )  # fmt: skip
    names = ("KVMProtocol", "OtherKVMProtocol", "ListenAddress", "Port", "TLSPort", "EnabledState")
    assert told(vnc, *names) == (4, None, "127.0.0.1", 5901, None, 2)
    assert told(spice, *names) == (1, "SPICE", "::1", 5930, 5931, 2)
    assert told(rdp, *names) == (3, None, "0.0.0.0", 3389, None, 2)
    assert vnc["URL"] == "vnc://127.0.0.1:5901"
    assert spice["URL"] == "spice://[::1]:5930?tls-port=5931"
    assert rdp["URL"] == f"rdp://{SERVER}:3389"


def test_a_stopped_domain() -> None:
    """The same names, disabled, with the ports that are fixed, and no address to connect to."""
    vnc, spice, rdp = accesses(DEFINED)
    assert [record["Name"] for record in (vnc, spice, rdp)] == ["vnc", "spice", "rdp"]
    assert told(vnc, "EnabledState", "Port", "URL") == (3, None, None)
    assert told(spice, "EnabledState", "Port", "TLSPort", "URL") == (3, 5930, 5931, None)


@pytest.mark.parametrize(
    ("live", "state", "url"),
    [
        ("<graphics type='vnc' socket='/run/a b.sock'/>", 2, "vnc+unix:///run/a%20b.sock"),
        ("<graphics type='spice'><listen type='socket' socket='/run/s'/></graphics>", 2,
         "spice+unix:///run/s"),
        ("<graphics type='spice'><listen type='none'/></graphics>", 6, None),
        ("<graphics type='vnc' port='-1' autoport='yes'/>", 6, None),
        ("<graphics type='vnc' port='99999'/>", 6, None),
        ("<graphics type='spice' tlsPort='5931' listen='kvm1.example.org'/>", 2,
         "spice://kvm1.example.org?tls-port=5931"),
    ],
)  # fmt: skip
def test_ways_to_listen(live: str, state: int, url: str | None) -> None:
    """Sockets and encrypted ports count; who listens on none is enabled but offline."""
    (access,) = accesses(live, live)
    assert told(access, "EnabledState", "URL") == (state, url)


def test_a_lost_hypervisor() -> None:
    """Nothing is known of a console while the hypervisor does not answer."""
    text = domain_text("demo", LIVE)
    model = model_of(facts_of(text, text))
    model.host.communication = Communication.LOST
    assert records(model, FAMILY)[0]["EnabledState"] == 0


def test_libvirt_cims_names() -> None:
    """The first VNC display alone, by its ports; offline while the domain runs."""
    (running,) = accesses(DEFINED, LIVE, compat=True)
    assert told(running, "Name", "ElementName", "EnabledState", "KVMProtocol") == (
        "5901:0", "5901:0", 6, 4,
    )  # fmt: skip
    (stopped,) = accesses("<graphics type='vnc' port='5905'/>", compat=True)
    assert told(stopped, "Name", "EnabledState") == ("5905:-1", 3)
    (unknown,) = accesses(DEFINED, compat=True)
    assert told(unknown, "Name", "EnabledState") == ("-1:-1", 3)
    assert accesses("<graphics type='spice' port='5930'/>", compat=True) == []
