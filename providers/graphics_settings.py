"""CIM_ResourceAllocationSettingData of graphics and video.

For clients of libvirt-cim a console on a pseudo terminal is graphics too (views.py).
"""

from collections.abc import Mapping

from virtcim.hypervisors.definition.characters import Console
from virtcim.hypervisors.definition.displays import Graphics, Listen, SpiceChannel, Video
from virtcim.providers.displays import endpoint, terminal
from virtcim.providers.pool_index import GRAPHICS_POOL
from virtcim.providers.settings import COMMON, by_kind, kibibytes, setting_family
from virtcim.providers.views import GRAPHICS_SETTING, SettingView
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import ResourceType

_NO_LISTEN = Listen()


def _listen(v: SettingView) -> Listen:
    listens = v.device.listens if isinstance(v.device, Graphics) else ()
    return next(iter(listens), _NO_LISTEN)


def _password(v: SettingView) -> str | None:
    masked = isinstance(v.device, Graphics) and v.device.has_password
    return v.model.behaviour.password_mask if masked else None


def _channel(channel: SpiceChannel) -> str:
    return f"{channel.name}={channel.mode}"


_OF_ALL: Mapping[str, Getter] = {
    **COMMON,
    "ResourceType":      lambda _: ResourceType.GRAPHICS_CONTROLLER,
    "OtherResourceType": lambda _: None,
    "PoolID":            lambda _: GRAPHICS_POOL,
}  # fmt: skip

OF_GRAPHICS: Mapping[str, Getter] = {
    **_OF_ALL,
    "ResourceSubType": lambda v: v.device.kind,
    "Address":         lambda v: endpoint(v.device),
    "KeyMap":          lambda v: v.device.key_map,
    "Password":        _password,
    "IsIPv6Only":      lambda v: ":" in (v.device.listen_address or ""),
    "ListenType":      lambda v: _listen(v).kind,
    "ListenAddress":   lambda v: v.device.listen_address,
    "ListenNetwork":   lambda v: _listen(v).network,
    "ListenSocket":    lambda v: v.device.socket or _listen(v).socket,
    "Port":            lambda v: v.device.port,
    "TLSPort":         lambda v: v.device.tls_port,
    "WebSocketPort":   lambda v: v.device.websocket_port,
    "AutoPort":        lambda v: v.device.autoport,
    "PasswordValidTo": lambda v: v.device.password_valid_to,
    "ConnectedAction": lambda v: v.device.connected_action,
    "SharePolicy":     lambda v: v.device.share_policy,
    "DefaultMode":     lambda v: v.device.default_mode,
    "Channels":        lambda v: tuple(map(_channel, v.device.channels)) or None,
    "OpenGL":          lambda v: v.device.opengl,
    "RenderNode":      lambda v: v.device.render_node,
}  # fmt: skip

OF_VIDEO: Mapping[str, Getter] = {
    **_OF_ALL,
    "ResourceSubType": lambda v: v.device.model,
    "RenderNode":      lambda v: v.device.render_node,
    "VideoModel":      lambda v: v.device.model,
    "VideoMemory":     lambda v: kibibytes(v.device.vram),
    "Heads":           lambda v: v.device.heads,
    "Accel3D":         lambda v: v.device.accel3d,
}  # fmt: skip

OF_CONSOLE: Mapping[str, Getter] = {
    **_OF_ALL,
    "ResourceSubType": lambda _: "console",
    "Address":         lambda v: terminal(v.device),
}  # fmt: skip

PROPERTIES = by_kind({Graphics: OF_GRAPHICS, Video: OF_VIDEO, Console: OF_CONSOLE})

FAMILIES = (setting_family(GRAPHICS_SETTING, PROPERTIES),)
