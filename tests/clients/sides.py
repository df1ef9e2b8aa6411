"""Two sides of one hypervisor: our server's client, and libvirt itself with its virsh."""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import libvirt
import pywbem

from tests.clients.callers import connect, path
from tests.lab import Lab, eventually
from tests.serving import let_in, serving

Instances = Mapping[str, Any]
"""By InstanceID or DeviceID."""

SETTING = "ResourceAllocationSettingData"
BRIDGE = "virbr0"
WIRE = f"<network><name>wire</name><forward mode='bridge'/><bridge name='{BRIDGE}'/></network>"
NEVER = "600"
"""An interval that the tests do not live to see the end of."""


class Sides:
    """A lab, a client of a server over it, and libvirt's own view."""

    def __init__(self, uri: str, client: Any, prefix: str, lab: Lab | None = None) -> None:
        self.uri = uri
        self.client = client
        self.prefix = prefix
        self.hypervisor = libvirt.open(uri)
        self._lab = lab

    @property
    def lab(self) -> Lab:
        """Where it runs."""
        assert self._lab is not None
        return self._lab

    def virsh(self, *arguments: str) -> str:
        """What virsh says."""
        ended = subprocess.run(
            ("virsh", "-q", "-c", self.uri, *arguments), capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, (arguments, ended.stderr)
        return ended.stdout

    def text(self, name: str, *options: str) -> str:
        """What dumpxml says, with passwords, which `everything` masks as we do."""
        return self.virsh("dumpxml", "--security-info", *options, name)

    def column(self, number: int, *arguments: str) -> list[str]:
        """One column of a table that virsh prints."""
        return sorted(line.split()[number] for line in self.virsh(*arguments).splitlines() if line)

    def define(self, name: str, xml: str | None = None, **parts: str) -> Any:
        """A guest that is off, and that the server knows; parts: of `guest_xml`."""
        domain = self.hypervisor.defineXML(xml or self.lab.guest_xml(name, **parts))
        eventually(lambda: self.knows(domain.name()))
        return domain

    def run(self, name: str, xml: str | None = None, **parts: str) -> Any:
        """A running one, whose running definition the server has."""
        domain = self.define(name, xml, **parts)
        self.start(domain)
        return domain

    def start(self, domain: Any) -> None:
        """Start a guest, and wait until the server has seen it."""
        domain.create()
        eventually(lambda: self.system(domain)["EnabledState"] == 2)
        secure = libvirt.VIR_DOMAIN_XML_SECURE
        eventually(lambda: self.says(domain, domain.XMLDesc(secure)))

    def stop(self, domain: Any) -> None:
        """Switch a guest off, and wait until the server has seen it."""
        domain.destroy()
        eventually(lambda: self.system(domain)["EnabledState"] == 3)

    def knows(self, name: str) -> bool:
        """Whether there is such a domain for clients."""
        names = self.client.EnumerateInstanceNames(f"{self.prefix}_ComputerSystem")
        return name in {one["Name"] for one in names}

    def path(self, domain: Any) -> Any:
        """The path of a domain."""
        return path(domain.name(), f"{self.prefix}_ComputerSystem")

    def system(self, domain: Any) -> Any:
        """The instance of a domain."""
        return self.client.GetInstance(self.path(domain))

    def all(self, family: str) -> list[Any]:
        """All instances of a class."""
        found = self.client.EnumerateInstances(
            f"{self.prefix}_{family}", DeepInheritance=True, LocalOnly=False
        )
        return list(found)

    def names(self, family: str, key: str) -> list[str]:
        """A property of all instances of a class."""
        return sorted(one[key] for one in self.all(family))

    def ends(self, source: Any, association: str, result: str | None = None) -> list[Any]:
        """What is associated."""
        found = self.client.Associators(
            source,
            AssocClass=f"{self.prefix}_{association}",
            ResultClass=f"{self.prefix}_{result}" if result else None,
        )
        return list(found)

    def get(self, class_name: str, **keys: str) -> Any:
        """An instance by its keys."""
        target = f"{self.prefix}_{class_name}"
        return self.client.GetInstance(make_path(target, keys))

    def devices(self, domain: Any) -> Instances:
        """The devices of a domain."""
        found = self.ends(self.path(domain), "SystemDevice")
        by_id = {one["DeviceID"]: one for one in found}
        assert len(by_id) == len(found), sorted(one["DeviceID"] for one in found)
        return by_id

    def systems(self, domain: Any) -> Instances:
        """The settings of the system: of its state, pending, of snapshots."""
        state = self.ends(self.path(domain), "SettingsDefineState")
        others = self.ends(self.path(domain), "ElementSettingData")
        return {one["InstanceID"]: one for one in (*state, *others)}

    def settings(self, system: Any) -> Instances:
        """The settings of devices that belong to a setting of the system."""
        found = self.ends(system.path, "VirtualSystemSettingDataComponent")
        by_id = {one["InstanceID"]: one for one in found}
        assert len(by_id) == len(found), sorted(one["InstanceID"] for one in found)
        return by_id

    def state(self, domain: Any) -> Instances:
        """The settings of devices as the domain runs, or ran last."""
        (system,) = self.ends(self.path(domain), "SettingsDefineState")
        return self.settings(system)

    def says(self, domain: Any, text: str) -> bool:
        """Whether the settings of the domain's state have what stands in a text."""
        told = (one["Attributes"] or () for one in self.state(domain).values())
        return everything(text) == sorted(tuple(one) for one in told if one)

    def close(self) -> None:
        """Leave nothing."""
        self.client.close()
        remove(*self.hypervisor.listAllDomains())
        self.hypervisor.close()


def remove(*domains: Any) -> None:
    """End guests and undefine them."""
    for domain in domains:
        with suppress(libvirt.libvirtError):
            domain.destroy()
        with suppress(libvirt.libvirtError):
            domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)


def make_path(class_name: str, keys: Mapping[str, str]) -> Any:
    """A path in the namespace of the first hypervisor."""
    target = path("", class_name)
    target.keybindings.clear()
    target.keybindings.update(keys)
    return target


def everything(text: str) -> list[tuple[str, ...]]:
    """What a domain's text says of each device, in the words of Attributes."""
    found = ET.fromstring(text).find("devices")
    assert found is not None
    return sorted(tuple(lines(one)) for one in found if one.tag != "emulator")


def lines(found: ET.Element, way: str = "") -> Iterator[str]:
    """Every attribute and text, as a path."""
    for name, value in found.attrib.items():
        yield f"{way}@{name}={'********' if name == 'passwd' else value}"
    if found.text and found.text.strip():
        yield f"{way.rstrip('/') or '.'}={found.text}"
    elif way and not found.attrib and not len(found):
        yield f"{way.rstrip('/')}="
    for child in found:
        yield from lines(child, f"{way}{child.tag}/")


@contextmanager
def sides(
    lab: Lab, directory: Path, driver: str = "qemu", prefix: str = "KVM", **settings: str
) -> Iterator[Sides]:
    """Serve a lab; settings: of the server."""
    directory.mkdir(exist_ok=True)
    let_in(directory)
    lab.connect(driver).close()
    with serving(lab.uri(driver), directory, **settings) as server:
        both = Sides(lab.uri(driver), connect(server), prefix, lab)
        yield both
        both.close()


def flags(both: Sides, domain: Any) -> dict[str, tuple[int, int]]:
    """IsCurrent and IsNext of each configuration of a domain that has them."""
    name = f"{both.prefix}_ElementSettingData"
    return {
        one["SettingData"]["InstanceID"]: (one["IsCurrent"], one["IsNext"])
        for one in both.client.References(both.path(domain), ResultClass=name)
    }


def ones(claim: Callable[[], Any], wanted: Any) -> None:
    """Wait until the claim gives what is wanted; then fail with both.

    What vanishes between two of its calls is no failure.
    """

    def holds() -> bool:
        with suppress(pywbem.CIMError):
            return bool(claim() == wanted)
        return False

    with suppress(AssertionError):
        eventually(holds, 10)
    assert claim() == wanted
