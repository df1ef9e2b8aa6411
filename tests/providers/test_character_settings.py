"""Settings of consoles, ports and channels."""

import pytest

from tests.providers.handmade import told
from tests.providers.settings_made import settings_of
from virtcim.providers.views import CHARACTER_SETTING, CONSOLE_SETTING
from virtcim.schema.valuemaps import CharacterSourceType


@pytest.mark.parametrize(
    ("device", "connect", "bind"),
    [
        ("type='unix'><source mode='bind' path='/run/x'/>", None, "file:///run/x"),
        ("type='unix'><source mode='connect' path='/run/x'/>", "file:///run/x", None),
        ("type='tcp'><source mode='bind' host='::1' service='23'/><protocol type='telnet'/>",
         None, "telnet://[::1]:23"),
        ("type='tcp'><source mode='connect' host='h' service='23'/>", "tcp://h:23", None),
        (("type='udp'><source mode='bind' host='0.0.0.0' service='1'/>"
         "<source mode='connect' host='h' service='2'/>"), "udp://h:2", "udp://0.0.0.0:1"),
        ("type='pty'>", None, None),
    ],
)  # fmt: skip
def test_ends_of_connections(device: str, connect: str | None, bind: str | None) -> None:
    """Where the hypervisor connects to and where it listens are URLs; IPv6 has brackets."""
    text = f"<serial {device}<target port='0'/></serial>"
    record = settings_of(CHARACTER_SETTING, text)["serial:0"]
    assert told(record, "ConnectURL", "BindURL") == (connect, bind)


@pytest.mark.parametrize("source", list(CharacterSourceType))
def test_every_source_has_its_number(source: CharacterSourceType) -> None:
    """Libvirt's word for a source is that of the map."""
    word = source.name.lower().replace("_", "-")
    record = settings_of(CHARACTER_SETTING, f"<serial type='{word}'><target port='0'/></serial>")
    assert record["serial:0"]["SourceType"] == source


def test_a_source_without_a_number() -> None:
    """A word of a newer libvirt is no number, and still stands in the attributes."""
    record = settings_of(CHARACTER_SETTING, "<serial type='new'/>")["serial:0"]
    assert told(record, "SourceType", "Attributes") == (None, ("@type=new",))


@pytest.mark.parametrize("compat", [False, True])
def test_consoles(*, compat: bool) -> None:
    """A console is other than all resources of CIM, and names itself."""
    text = """<console type='pty' tty='/dev/pts/1'><source path='/dev/pts/1'/>
    <target type='serial' port='0'/></console>"""
    record = settings_of(CONSOLE_SETTING, text, compat=compat)["charconsole:0"]
    assert told(record, "InstanceID", "ResourceType", "OtherResourceType") == (
        "web/charconsole:0", 1, "console",
    )  # fmt: skip
    assert told(record, "SourceType", "SourcePath", "TargetType", "TargetPort") == (
        2, "/dev/pts/1", "serial", "0",
    )  # fmt: skip


def test_ports() -> None:
    """Serial and parallel ports have numbers of their own among resources."""
    text = """<serial type='file'><source path='/s' append='on'/>
    <target type='isa-serial' port='0'><model name='isa-serial'/></target>
    <log file='/log' append='off'/></serial>
    <parallel type='dev'><source path='/dev/lp0'/><target port='0'/></parallel>
    <serial type='tcp'><source mode='bind' host='h' service='1' tls='yes'/><protocol type='raw'/>
    <target port='1'/><log file='/log2' append='off'/></serial>"""
    found = settings_of(CHARACTER_SETTING, text)
    serial, parallel, tcp = (found[name] for name in ("serial:0", "parallel:0", "serial:1"))
    assert told(serial, "ResourceType", "ResourceSubType", "SourcePath", "Append", "LogFile") == (
        21, "isa-serial", "/s", True, "/log",
    )  # fmt: skip
    assert told(parallel, "ResourceType", "OtherResourceType", "SourcePath") == (
        22, None, "/dev/lp0",
    )  # fmt: skip
    assert told(serial, "HostResource") == (("/s",),)
    assert told(tcp, "HostResource") == (None,)
    assert told(tcp, "TLS", "Protocol", "SourcePath", "Append") == ("yes", "raw", None, False)


def test_channels() -> None:
    """A channel has its name in the guest and tells whether somebody there has opened it."""
    text = """<channel type='unix'><source mode='bind' path='/run/agent'/>
    <target type='virtio' name='org.qemu.guest_agent.0' state='connected'/></channel>
    <channel type='pipe'><source path='/p'/><target type='guestfwd' address='10.0.2.1' port='4600'/>
    </channel>"""
    agent, forward = settings_of(CHARACTER_SETTING, text).values()
    assert told(agent, "InstanceID", "OtherResourceType", "ResourceSubType") == (
        "web/channel:org.qemu.guest_agent.0", "channel", "virtio",
    )  # fmt: skip
    assert told(agent, "TargetName", "TargetState", "SourcePath") == (
        "org.qemu.guest_agent.0", "connected", None,
    )  # fmt: skip
    assert told(forward, "TargetType", "TargetAddress", "TargetPort", "SourcePath") == (
        "guestfwd", "10.0.2.1", "4600", "/p",
    )  # fmt: skip
