"""CIM_KVMRedirectionSAP: where viewers find the consoles of domains (DSP1076).

One for each display that is served over the network. libvirt-cim has one for the first VNC display
of a domain, named by its ports.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from types import MappingProxyType
from urllib.parse import quote

from virtcim.hypervisors.definition.displays import Graphics
from virtcim.inventory.snapshots import Domain
from virtcim.providers import computer_system
from virtcim.providers.conditions import CONDITION_PROPERTIES, Condition, class_name_of
from virtcim.providers.configurations import current_definition
from virtcim.providers.families import DomainFamily, owner
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import KVMProtocol

FAMILY = "Virt_KVMRedirectionSAP"

PROTOCOLS: Mapping[str, tuple[KVMProtocol, str | None]] = MappingProxyType({
    # type of the display: KVMProtocol, OtherKVMProtocol
    "vnc":   (KVMProtocol.VNC_RFB, None),
    "spice": (KVMProtocol.OTHER, "SPICE"),
    "rdp":   (KVMProtocol.RDP, None),
})  # fmt: skip
"""Displays that viewers connect to."""

_LEGACY_KIND = "vnc"
_NO_PORT = -1


@dataclass(frozen=True, slots=True)
class Access:
    """A display of a domain."""

    model: HostModel
    domain: Domain
    display: Graphics

    @property
    def port(self) -> int | None:
        """TCP port; None means that there is none, or none yet."""
        return _real(self.display.port)

    @property
    def tls_port(self) -> int | None:
        """TCP port of encrypted connections."""
        return _real(self.display.tls_port)

    @property
    def socket(self) -> str | None:
        """Path of a local socket; None means that it listens on none."""
        sockets = (one.socket for one in self.display.listens if one.socket)
        return self.display.socket or next(sockets, None)

    @property
    def condition(self) -> Condition:
        """Whether somebody can connect; libvirt-cim asks whether somebody has."""
        if not self.domain.facts.active:
            return Condition.OFF
        listens = bool(self.port or self.tls_port or self.socket)
        if self.model.behaviour.sap_ports:
            return Condition.WAITING if listens else Condition.OFF
        return Condition.WORKING if listens else Condition.WAITING


def _real(port: int | None) -> int | None:
    return port if port is not None and 0 < port < 2**16 else None


def accesses(model: HostModel, domain: Domain) -> Iterator[Access]:
    """Yield the displays of a domain that viewers connect to."""
    only_one = model.behaviour.sap_ports
    for device in current_definition(domain).devices:
        if isinstance(device, Graphics) and device.kind in PROTOCOLS:
            if not only_one:
                yield Access(model, domain, device)
            elif device.kind == _LEGACY_KIND:
                yield Access(model, domain, device)
                return


def _name(v: Access) -> str:
    if not v.model.behaviour.sap_ports:
        return v.display.id
    remote = 0 if v.condition is Condition.WAITING else _NO_PORT
    return f"{v.port or _NO_PORT}:{remote}"


def _protocol(v: Access) -> tuple[KVMProtocol, str | None]:
    return PROTOCOLS[v.display.kind or ""]


def _host(v: Access) -> str:
    """Return the host part of a URL; who listens on all addresses is found by the host's name."""
    address = v.display.listen_address
    if not address:
        return v.model.system_name
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if ip.is_unspecified:
        return v.model.system_name
    return f"[{address}]" if isinstance(ip, IPv6Address) else address


def url(v: Access) -> str | None:
    """Return what viewers take; None means that nobody can connect now."""
    if not v.domain.facts.active:
        return None
    port, tls_port = v.port, v.tls_port
    if port or tls_port:
        authority = f"{_host(v)}:{port}" if port else _host(v)
        query = f"?tls-port={tls_port}" if tls_port else ""
        return f"{v.display.kind}://{authority}{query}"
    return f"{v.display.kind}+unix://{quote(v.socket)}" if v.socket else None


PROPERTIES: Mapping[str, Getter] = {
    # v is an Access
    **CONDITION_PROPERTIES,
    "SystemCreationClassName": class_name_of(computer_system.FAMILY),
    "SystemName":              lambda v: v.domain.name,
    "CreationClassName":       class_name_of(FAMILY),
    "Name":                    _name,
    "ElementName":             _name,
    "Caption":                 lambda v: f"{(v.display.kind or '').upper()} console",
    "Description":             lambda v: f"Console `{v.display.id}' of a domain",
    "KVMProtocol":             lambda v: _protocol(v)[0],
    "OtherKVMProtocol":        lambda v: _protocol(v)[1],
    "ListenAddress":           lambda v: v.display.listen_address,
    "Port":                    lambda v: v.port,
    "TLSPort":                 lambda v: v.tls_port,
    "URL":                     url,
}  # fmt: skip

FAMILIES = (
    DomainFamily(name=FAMILY, getters=PROPERTIES, parts=accesses, owners=owner("systemname")),
)
