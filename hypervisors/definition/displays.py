"""Graphics and video."""

from dataclasses import replace
from typing import Self

from virtcim.hypervisors.definition.converters import (
    integer,
    kibibytes,
    secret,
    switch,
    text,
    word,
    yes_no,
)
from virtcim.hypervisors.definition.devices import Device
from virtcim.hypervisors.definition.fields import (
    Declared,
    at,
    declared,
    parts,
)


@declared
class Listen(Declared):
    """Where a display listens; kind: "address", "network", "socket" or "none"."""

    kind: str | None = at("@type", word)
    address: str | None = at("@address", text, filled=True)
    network: str | None = at("@network", text)
    socket: str | None = at("@socket", text, filled=True)


@declared
class SpiceChannel(Declared):
    """Whether a SPICE channel is encrypted; mode: "secure", "insecure", "any"."""

    name: str | None = at("@name", word)
    mode: str | None = at("@mode", word)


_PORTS = ("port", "tls_port", "websocket_port")


@declared
class Graphics(Device):
    """A `<graphics>`.

    kind: "vnc", "spice", "sdl", "rdp", "desktop", "egl-headless", "dbus".
    port, tls_port, websocket_port: -1 means that one is allocated at the start.
    has_password: as far as the text shows; a text read without secrets does not.
    password_valid_to: UTC, as ISO 8601 without a zone.
    """

    element: str = "graphics"
    kind: str | None = at("@type", word)
    port: int | None = at("@port", integer, filled=True)
    tls_port: int | None = at("@tlsPort", integer, filled=True)
    websocket_port: int | None = at("@websocket", integer, filled=True)
    autoport: bool | None = at("@autoport", yes_no)
    listen: str | None = at("@listen", text, filled=True)
    listens: tuple[Listen, ...] = at("listen", parts(Listen))
    socket: str | None = at("@socket", text, filled=True)
    key_map: str | None = at("@keymap", word)
    has_password: bool = at("@passwd", secret)
    password_valid_to: str | None = at("@passwdValidTo", text)
    connected_action: str | None = at("@connected", word)
    share_policy: str | None = at("@sharePolicy", word)
    power_control: bool | None = at("@powerControl", yes_no)
    default_mode: str | None = at("@defaultMode", word)
    channels: tuple[SpiceChannel, ...] = at("channel", parts(SpiceChannel))
    opengl: bool | None = at("gl/@enable", yes_no)
    render_node: str | None = at("gl/@rendernode", text, filled=True)
    image_compression: str | None = at("image/@compression", word)
    streaming_mode: str | None = at("streaming/@mode", word)
    mouse_mode: str | None = at("mouse/@mode", word)
    copy_paste: bool | None = at("clipboard/@copypaste", yes_no)
    file_transfer: bool | None = at("filetransfer/@enable", yes_no)
    audio_id: int | None = at("audio/@id", integer)
    display: str | None = at("@display", text)
    xauth: str | None = at("@xauth", text)
    full_screen: bool | None = at("@fullscreen", yes_no)
    multi_user: bool | None = at("@multiUser", yes_no)
    replace_user: bool | None = at("@replaceUser", yes_no)
    p2p: bool | None = at("@p2p", yes_no)
    bus_address: str | None = at("@address", text, filled=True)

    def differs_from(self, other: Self) -> bool:
        """Whether the two are different definitions; allocated ports are no difference."""
        if self.autoport and other.autoport:
            return super().differs_from(
                replace(other, **{key: getattr(self, key) for key in _PORTS})
            )
        return super().differs_from(other)

    @property
    def listen_address(self) -> str | None:
        """The first address at which it listens."""
        return self.listen or next((one.address for one in self.listens if one.address), None)


@declared
class Video(Device):
    """A `<video>`; its memories are bytes."""

    element: str = "video"
    model: str | None = at("model/@type", word)
    ram: int | None = at("model/@ram", kibibytes)
    vram: int | None = at("model/@vram", kibibytes)
    vram64: int | None = at("model/@vram64", kibibytes)
    vga_memory: int | None = at("model/@vgamem", kibibytes)
    heads: int | None = at("model/@heads", integer)
    primary: bool | None = at("model/@primary", yes_no)
    blob: bool | None = at("model/@blob", switch)
    accel2d: bool | None = at("model/acceleration/@accel2d", yes_no)
    accel3d: bool | None = at("model/acceleration/@accel3d", yes_no)
    render_node: str | None = at("model/acceleration/@rendernode", text)
    width: int | None = at("model/resolution/@x", integer)
    height: int | None = at("model/resolution/@y", integer)
    driver: str | None = at("driver/@name", word)
    vga_configuration: str | None = at("driver/@vgaconf", word)
