"""Settings of graphics and video."""

import pytest

from tests.providers.handmade import told
from tests.providers.settings_made import settings_of
from virtcim.providers.views import GRAPHICS_SETTING

VNC = """<graphics type='vnc' port='5900' websocket='5700' autoport='yes' listen='::1' keymap='de'
passwd='secret' passwdValidTo='2030-01-01T00:00:00' connected='keep' sharePolicy='ignore'>
<listen type='address' address='::1'/></graphics>"""
SPICE = """<graphics type='spice' tlsPort='5901' autoport='no' defaultMode='secure'>
<listen type='network' network='default' address='192.168.122.1'/>
<channel name='main' mode='secure'/><channel name='record' mode='insecure'/>
<gl enable='yes' rendernode='/dev/dri/renderD128'/></graphics>"""
SOCKET = "<graphics type='vnc'><listen type='socket' socket='/run/vnc.sock'/></graphics>"
VIDEO = """<video><model type='qxl' ram='65536' vram='32768' heads='2'>
<acceleration accel3d='yes'/></model></video>"""
CONSOLE = """<console type='pty'><source path='/dev/pts/1'/><target type='serial' port='0'/>
</console>"""


@pytest.mark.parametrize(
    ("graphics", "address", "only"),
    [
        (VNC, "[::1]:5900", True),
        (SPICE, "192.168.122.1:5901", False),
        (SOCKET, "/run/vnc.sock", False),
        ("<graphics type='vnc' port='-1' autoport='yes'/>", "127.0.0.1:-1", False),
        ("<graphics type='sdl'/>", "sdl", False),
    ],
)
def test_where_clients_connect(graphics: str, address: str, *, only: bool) -> None:
    """The address is in the form that VNC clients take, with -1 for a port to be chosen."""
    (record,) = settings_of(GRAPHICS_SETTING, graphics).values()
    assert told(record, "Address", "IsIPv6Only") == (address, only)


def test_vnc() -> None:
    """All of a VNC server is there, but for its password."""
    record = settings_of(GRAPHICS_SETTING, VNC)["vnc"]
    assert told(record, "ResourceType", "OtherResourceType", "ResourceSubType", "PoolID") == (
        24, None, "vnc", "GraphicsPool/0",
    )  # fmt: skip
    assert told(record, "Port", "TLSPort", "WebSocketPort", "AutoPort") == (5900, None, 5700, True)
    assert told(record, "KeyMap", "ConnectedAction", "SharePolicy", "PasswordValidTo") == (
        "de", "keep", "ignore", "2030-01-01T00:00:00",
    )  # fmt: skip
    assert told(record, "ListenType", "ListenAddress") == ("address", "::1")


def test_passwords_stay_here() -> None:
    """A password is a row of asterisks, as long as clients expect it."""
    assert settings_of(GRAPHICS_SETTING, VNC)["vnc"]["Password"] == "********"
    assert settings_of(GRAPHICS_SETTING, VNC, compat=True)["vnc"]["Password"] == "***"
    assert settings_of(GRAPHICS_SETTING, SPICE)["spice"]["Password"] is None
    assert "secret" not in str(settings_of(GRAPHICS_SETTING, VNC)["vnc"].values)


def test_spice() -> None:
    """SPICE is shown, which libvirt-cim could not."""
    for compat in (False, True):
        record = settings_of(GRAPHICS_SETTING, SPICE, compat=compat)["spice"]
        assert told(record, "TLSPort", "DefaultMode", "OpenGL", "RenderNode") == (
            5901, "secure", True, "/dev/dri/renderD128",
        )  # fmt: skip
        assert record["Channels"] == ("main=secure", "record=insecure")
        assert told(record, "ListenType", "ListenNetwork") == ("network", "default")


def test_a_socket() -> None:
    """A server on a socket has its path."""
    record = settings_of(GRAPHICS_SETTING, SOCKET)["vnc"]
    assert told(record, "ListenType", "ListenSocket", "Port") == (
        "socket", "/run/vnc.sock", None,
    )  # fmt: skip


def test_video() -> None:
    """A video device has a model and memory, in KiB, and no address to connect to."""
    record = settings_of(GRAPHICS_SETTING, VIDEO)["video:0"]
    assert told(record, "ResourceType", "VideoModel", "VideoMemory", "Heads", "Accel3D") == (
        24, "qxl", 32768, 2, True,
    )  # fmt: skip
    assert told(record, "Address", "Port", "KeyMap") == (None, None, None)


def test_consoles_of_old_clients() -> None:
    """A console on a pseudo terminal is graphics too for clients of libvirt-cim."""
    record = settings_of(GRAPHICS_SETTING, CONSOLE, compat=True)["console:0"]
    assert told(record, "InstanceID", "ResourceType", "ResourceSubType", "Address") == (
        "web/console:0", 24, "console", "/dev/pts/1:0",
    )  # fmt: skip
    assert told(record, "OtherResourceType", "PoolID") == (None, "GraphicsPool/0")
    assert not settings_of(GRAPHICS_SETTING, CONSOLE)
