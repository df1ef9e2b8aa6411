"""What clients can change of graphics and video (graphics_settings.py)."""

import re
from collections.abc import Mapping
from dataclasses import replace

from virtcim.hypervisors.definition import Graphics, Listen, SpiceChannel
from virtcim.providers.changes import Changes, Setter, Target, every, fixed, kibibytes, pair, to
from virtcim.providers.compatibility import PASSWORD_MASKS
from virtcim.providers.graphics_settings import OF_GRAPHICS, OF_VIDEO
from virtcim.providers.views import SettingView
from virtcim.wbem.objects import Value

_PLACE = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]/]+)):(?P<port>-?[0-9]{1,5})")
_ANYWHERE = {False: "127.0.0.1", True: "::1"}


def _place(target: Target, value: str) -> None:
    """Set where it listens, `host:port` or `[address]:port`; for a window, `xauth:display`."""
    if target.device.kind == "sdl":
        _window(target, value)
        return
    if value.startswith("/"):
        _socket(target, value)
        return
    found = _PLACE.fullmatch(value)
    if found is None or not -1 <= int(found["port"]) <= 65535:
        raise ValueError("GraphicsRASD field Address not valid")
    _listen(target, found["six"] or found["host"])
    _port(target, int(found["port"]))


def _window(target: Target, value: str) -> None:
    if value == "sdl":  # as a window of which nothing is known is shown
        return
    xauth, _, display = value.rpartition(":")
    target.edit.set_all(xauth=xauth or None, display=f":{display}" if display else None)


def _listen(target: Target, address: str) -> None:
    """Set the address, in both places where libvirt has it."""
    target.edit.set("socket", None)
    first, *others = target.device.listens or (None,)
    if first is not None or target.device.listen is None:
        made = replace(first or Listen(), kind="address", address=address or None)
        made = replace(made, network=None, socket=None)
        target.edit.set("listens", (made, *others))
    if target.device.listen is not None:
        target.edit.set("listen", address or None)


def _listen_kind(target: Target, kind: str) -> None:
    first, *others = target.device.listens or (Listen(),)
    if first.kind != kind:
        target.edit.set("listen", None)
        target.edit.set("listens", (Listen(kind=kind), *others) if kind else tuple(others))


def _network(target: Target, name: str) -> None:
    first, *others = target.device.listens or (Listen(),)
    target.edit.set("listen", None)
    made = replace(first, kind="network", network=name or None, address=None, socket=None)
    target.edit.set("listens", (made, *others))


def _socket(target: Target, path: str) -> None:
    if target.device.socket is not None:
        target.edit.set("socket", path or None)
    first, *others = target.device.listens or (Listen(),)
    target.edit.set("listen", None)
    made = replace(first, kind="socket", socket=path or None, address=None, network=None)
    target.edit.set("listens", (made, *others))


def _port(target: Target, port: int) -> None:
    """Set the port; -1 lets the start allocate one."""
    target.edit.set("port", port)
    target.edit.set("autoport", port < 0)


def _other_port(field: str) -> Setter:
    return to(field, lambda port: port or None)


def _six(target: Target, value: bool) -> None:  # noqa: FBT001 - it is what is written
    """Listen on this machine alone, where the request says no address."""
    if not (target.has("Address") or target.has("ListenAddress")):
        _listen(target, _ANYWHERE[value])


def _password(target: Target, value: str) -> None:
    """Set it; what stands for one that is not shown leaves it as it is."""
    if value not in PASSWORD_MASKS:
        target.edit.set("has_password", value or None)


def _channel(text: str) -> SpiceChannel:
    name, mode = pair(text, "NAME=MODE")
    return SpiceChannel(name=name, mode=mode)


def _auto(target: Target, value: bool) -> None:  # noqa: FBT001 - it is what is written
    target.edit.set("autoport", value)
    if value:
        target.edit.set("port", -1)


GRAPHICS_SETTERS: Mapping[str, Setter] = {
    "ResourceSubType": to("kind"),
    "IsIPv6Only":      _six,
    "ListenType":      _listen_kind,
    "ListenNetwork":   _network,
    "ListenSocket":    _socket,
    "ListenAddress":   _listen,
    "AutoPort":        _auto,
    "Port":            _port,
    "TLSPort":         _other_port("tls_port"),
    "WebSocketPort":   _other_port("websocket_port"),
    "Address":         _place,
    "KeyMap":          to("key_map"),
    "Password":        _password,
    "PasswordValidTo": to("password_valid_to"),
    "ConnectedAction": to("connected_action"),
    "SharePolicy":     to("share_policy"),
    "DefaultMode":     to("default_mode"),
    "Channels":        to("channels", every(_channel)),
    "OpenGL":          to("opengl"),
    "RenderNode":      to("render_node"),
}  # fmt: skip


def _waits(view: SettingView, values: Mapping[str, Value]) -> bool:
    """Tell whether a display begins or ends to ask for a password: it cannot while it is there."""
    shown = view.device
    if "Password" not in values or not isinstance(shown, Graphics):
        return False
    return not (shown.has_password and values["Password"])


GRAPHICS_CHANGES = Changes(
    waits=_waits,
    getters=OF_GRAPHICS,
    setters=GRAPHICS_SETTERS,
    fixed=fixed(OF_GRAPHICS, GRAPHICS_SETTERS, BootOrder="a display does not boot"),
)


def _memory(target: Target, value: int) -> None:
    target.edit.set("vram", kibibytes(value) or None)


VIDEO_SETTERS: Mapping[str, Setter] = {
    "ResourceSubType": to("model"),
    "VideoModel":      to("model"),
    "VideoMemory":     _memory,
    "Heads":           to("heads", lambda value: value or None),
    "Accel3D":         to("accel3d"),
    "RenderNode":      to("render_node"),
}  # fmt: skip

VIDEO_CHANGES = Changes(
    getters=OF_VIDEO,
    setters=VIDEO_SETTERS,
    fixed=fixed(OF_VIDEO, VIDEO_SETTERS, BootOrder="a display does not boot"),
)
