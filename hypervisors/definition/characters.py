"""Character devices: consoles, serial and parallel ports, channels."""

from virtcim.hypervisors.definition.converters import (
    integer,
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
class CharacterSource(Declared):
    """One end on the host; mode: "bind" or "connect"."""

    mode: str | None = at("@mode", word)
    host: str | None = at("@host", text)
    service: str | None = at("@service", text)
    path: str | None = at("@path", text, filled=True)


_NO_SOURCE = CharacterSource()


@declared
class CharacterDevice(Device):
    """What `<console>`, `<serial>`, `<parallel>` and `<channel>` have in common.

    kind: of its source: "pty", "file", "tcp", "udp", "unix", "spicevmc", ...
    sources: "udp" can have two; source_mode, source_host, ... are of the first.
    source_channel: name of a SPICE port, or of a D-Bus one.
    target_state: "connected" or "disconnected", as the guest's agent shows itself.
    """

    kind: str | None = at("@type", word)
    tty: str | None = at("@tty", text, live=True)
    sources: tuple[CharacterSource, ...] = at("source", parts(CharacterSource), filled=True)
    source_channel: str | None = at("source/@channel", text)
    source_append: bool | None = at("source/@append", switch)
    source_master: str | None = at("source/@master", text)
    source_slave: str | None = at("source/@slave", text)
    tls: bool | None = at("source/@tls", yes_no, filled=True)
    reconnects: bool | None = at("source/reconnect/@enabled", yes_no)
    reconnect_timeout: int | None = at("source/reconnect/@timeout", integer)
    protocol: str | None = at("protocol/@type", word)
    log_file: str | None = at("log/@file", text)
    log_append: bool | None = at("log/@append", switch)
    target_type: str | None = at("target/@type", word)
    target_port: str | None = at("target/@port", word)
    target_name: str | None = at("target/@name", text)
    target_state: str | None = at("target/@state", word, live=True)
    target_address: str | None = at("target/@address", text)
    target_model: str | None = at("target/model/@name", word)
    copy_paste: bool | None = at("source/clipboard/@copypaste", yes_no)
    mouse_mode: str | None = at("source/mouse/@mode", word)

    @property
    def source_mode(self) -> str | None:
        """Whether it waits ("bind") or calls ("connect")."""
        return self._source.mode

    @property
    def source_host(self) -> str | None:
        """The name or address of its end on the network."""
        return self._source.host

    @property
    def source_service(self) -> str | None:
        """The port of its end on the network."""
        return self._source.service

    @property
    def source_path(self) -> str | None:
        """The file or device on the host."""
        return self._source.path

    @property
    def _source(self) -> CharacterSource:
        return self.sources[0] if self.sources else _NO_SOURCE


@declared
class Console(CharacterDevice):
    """A `<console>`; libvirt shows the first serial port of a QEMU guest as one too.

    target_port: its number; of a second one that runs it may be 0.
    """

    element: str = "console"
    target_port: str | None = at("target/@port", word, live=True)


@declared
class Serial(CharacterDevice):
    """A `<serial>`."""

    element: str = "serial"


@declared
class Parallel(CharacterDevice):
    """A `<parallel>`."""

    element: str = "parallel"


@declared
class Channel(CharacterDevice):
    """A `<channel>` between host and guest."""

    element: str = "channel"
