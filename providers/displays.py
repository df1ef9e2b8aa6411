"""CIM_DisplayController of domains: graphics, video cards and text consoles."""

from collections.abc import Mapping

from virtcim.hypervisors.definition.characters import CharacterDevice
from virtcim.hypervisors.definition.displays import Graphics, Video
from virtcim.providers.devices import device_family
from virtcim.providers.settings import within
from virtcim.providers.views import CONSOLE_DISPLAY, DISPLAY, DeviceView
from virtcim.schema.layouts import Getter

# CIM_DisplayController.AcceleratorCapabilities, VideoMemoryType and VideoArchitecture
_GRAPHICS_ACCELERATOR, _3D_ACCELERATOR = 2, 3
_VRAM = 2
_OTHER_ARCHITECTURE, _VGA = 1, 4

_WINDOW = "sdl"  # a display on the host itself
_NOWHERE = "127.0.0.1"  # where libvirt's drivers listen when nothing else is said


def endpoint(graphics: Graphics) -> str:
    """Return where it is reached as `<address>:<port>`; libvirt's defaults where none is told.

    A port of -1 is one that is not chosen yet. A display on a Unix socket is reached at its path.
    """
    if graphics.kind == _WINDOW:
        return _WINDOW
    socket = graphics.socket or next((one.socket for one in graphics.listens if one.socket), None)
    if socket is not None:
        return socket
    address = graphics.listen_address or _NOWHERE
    port = graphics.tls_port if graphics.port is None else graphics.port
    host = f"[{address}]" if ":" in address else address
    return f"{host}:{-1 if port is None else port}"


def terminal(console: CharacterDevice) -> str:
    """Return where a pseudo terminal is reached, as libvirt-cim writes it."""
    return f"{console.source_path or ''}:{console.target_port or 0}"


def _processor(v: DeviceView) -> str | None:
    device = v.device
    if isinstance(device, CharacterDevice):
        return f"console/{terminal(device)}"
    if isinstance(device, Video):
        return device.model
    if not isinstance(device, Graphics):
        return None
    where = endpoint(device)
    return where if device.kind == _WINDOW else f"{device.kind}/{where}"


def _memory(v: DeviceView) -> int | None:
    """Return bytes; None also where they are more than the property can say."""
    if not isinstance(v.device, Video):
        return None
    return within(v.device.vram or v.device.ram or v.device.vga_memory, 32)


def _accelerators(v: DeviceView) -> tuple[int, ...] | None:
    if not isinstance(v.device, Video):
        return None
    found = ((v.device.accel2d, _GRAPHICS_ACCELERATOR), (v.device.accel3d, _3D_ACCELERATOR))
    return tuple(number for has, number in found if has) or None


def _architecture(v: DeviceView) -> int | None:
    if not isinstance(v.device, Video):
        return None
    return _VGA if v.device.model == "vga" else _OTHER_ARCHITECTURE


def _other_architecture(v: DeviceView) -> str | None:
    return v.device.model if _architecture(v) == _OTHER_ARCHITECTURE else None  # type: ignore[union-attr]


DISPLAY_PROPERTIES: Mapping[str, Getter] = {
    "Caption":                 lambda v: "Virtual video card" if isinstance(v.device, Video)
                                         else "Remote display",
    "Description":             lambda v: f"Display `{v.id}' of a domain",
    "VideoProcessor":          _processor,
    "MaxMemorySupported":      _memory,
    "VideoMemoryType":         lambda v: None if _memory(v) is None else _VRAM,
    "AcceleratorCapabilities": _accelerators,
    "VideoArchitecture":       _architecture,
    "OtherVideoArchitecture":  _other_architecture,
}  # fmt: skip

CONSOLE_PROPERTIES: Mapping[str, Getter] = {
    "Caption":        lambda _: "Text console",
    "Description":    lambda v: f"Console `{v.id}' of a domain",
    "VideoProcessor": lambda v: v.device.kind if isinstance(v.device, CharacterDevice) else None,
}  # fmt: skip

FAMILIES = (
    device_family(DISPLAY, DISPLAY_PROPERTIES),
    device_family(CONSOLE_DISPLAY, CONSOLE_PROPERTIES),
)
