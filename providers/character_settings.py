"""CIM_ResourceAllocationSettingData of consoles, serial and parallel ports and channels."""

from collections.abc import Iterable, Mapping

from virtcim.hypervisors.definition.characters import CharacterDevice, CharacterSource
from virtcim.providers.settings import COMMON, setting_family, texts, yes_no
from virtcim.providers.views import CHARACTER_SETTING, CONSOLE_SETTING, SettingView
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import CharacterSourceType

SOURCES: Mapping[str, CharacterSourceType] = {
    # libvirt's words are those of the map
    one.name.lower().replace("_", "-"): one
    for one in CharacterSourceType
}

WITH_PATH = frozenset({"pty", "dev", "file", "pipe", "nmdm"})

SCHEMES: Mapping[str | None, str] = {"unix": "file", "udp": "udp", "tcp": "tcp"}
"""A TCP connection has that of its protocol, where it names one."""


def _device(v: SettingView) -> CharacterDevice:
    if not isinstance(v.device, CharacterDevice):
        raise TypeError(f"{v.id} is no character device")
    return v.device


def _path(v: SettingView) -> str | None:
    device = _device(v)
    if device.kind not in WITH_PATH:
        return None
    return device.source_path or device.tty or device.source_master


def _url(device: CharacterDevice, mode: str) -> str | None:
    """Return the end of a connection at which the hypervisor listens, or that it connects to."""
    scheme = SCHEMES.get(device.kind)
    if scheme is None:
        return None
    if device.kind == "tcp" and device.protocol is not None:
        scheme = device.protocol
    return _first(f"{scheme}://{_place(one)}" for one in device.sources if one.mode == mode)


def _first(urls: Iterable[str]) -> str | None:
    return next(iter(urls), None)


def _place(source: CharacterSource) -> str:
    if source.path is not None:
        return source.path
    host = source.host or ""
    host = f"[{host}]" if ":" in host else host
    return host if source.service is None else f"{host}:{source.service}"


def _append(v: SettingView) -> bool | None:
    device = _device(v)
    return device.log_append if device.source_append is None else device.source_append


PROPERTIES: Mapping[str, Getter] = {
    **COMMON,
    "ResourceSubType": lambda v: v.device.target_model or v.device.target_type,
    "HostResource":    lambda v: texts(_path(v)),
    "SourceType":      lambda v: SOURCES.get(v.device.kind),
    "SourcePath":      _path,
    "ConnectURL":      lambda v: _url(v.device, "connect"),
    "BindURL":         lambda v: _url(v.device, "bind"),
    "TargetType":      lambda v: v.device.target_type,
    "TargetName":      lambda v: v.device.target_name,
    "TargetState":     lambda v: v.device.target_state,
    "TargetAddress":   lambda v: v.device.target_address,
    "TargetPort":      lambda v: v.device.target_port,
    "Protocol":        lambda v: v.device.protocol,
    "TLS":             lambda v: yes_no(v.device.tls),
    "LogFile":         lambda v: v.device.log_file,
    "Append":          _append,
}  # fmt: skip

FAMILIES = (
    setting_family(CONSOLE_SETTING, PROPERTIES),
    setting_family(CHARACTER_SETTING, PROPERTIES),
)
