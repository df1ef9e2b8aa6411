"""Make the texts of tests/data from their sources, as libvirt itself prints them.

`python -m tests.data.make_domains` needs what tests/lab.py needs. The sources are in sources/:

- qemu, test, lxc: domains that are defined and read back;
- live: QEMU guests that are started too, lxc-live: containers; `<name>.live.xml` and
  `<name>.inactive.xml`. When there is a `<name>` in changed, the guest is redefined by it while it
  runs, before it is read;
- snapshot: the guest is started and a snapshot of it is taken;
- network, pool, filter: defined and read back.

What is in the results and not in the sources was written by hand: no hypervisor here can define it.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import libvirt

from tests.lab import Lab

DATA = Path(__file__).parent
SOURCES = DATA / "sources"
BRIDGE = "virtcim-br"
TEST = "test:///default"


def main() -> None:
    """Make them all, or those whose names are given."""
    libvirt.registerErrorHandler(lambda *_: None, None)
    lab, networked = Lab("corpus"), Lab("corpus-net", bridge=BRIDGE)
    try:
        for folder, make in MAKERS.items():
            for path in sorted((SOURCES / folder).glob("*.xml")):
                if not sys.argv[1:] or path.stem in sys.argv[1:]:
                    attempt(make, networked if "BRIDGE" in path.read_text() else lab, path)
    finally:
        lab.stop()
        networked.stop()


def attempt(make: Callable[[Lab, Path], None], lab: Lab, path: Path) -> None:
    """Make one; what libvirt refuses is said and left out."""
    try:
        make(lab, path)
    except libvirt.libvirtError as error:
        print(f"{path.relative_to(DATA)}: {error}")


def write(lab: Lab, folder: str, name: str, text: str) -> None:
    """Write a result; the laboratory's directory changes from run to run."""
    (DATA / folder / f"{name}.xml").write_text(text.replace(str(lab.directory), "/srv/lab"))


def source(lab: Lab, path: Path) -> str:
    """A source; BOOT is a disk that boots, LAB a directory, BRIDGE a bridge."""
    text = path.read_text()
    if "BOOT" in text:
        text = text.replace("BOOT", str(lab.boot_image(path.stem)))
    if "QCOW" in text:
        image = lab.directory / f"{path.stem}.qcow2"
        subprocess.run(("qemu-img", "create", "-qf", "qcow2", image, "1M"), check=True)
        text = text.replace("QCOW", str(image))
    return text.replace("LAB", str(lab.directory)).replace("BRIDGE", BRIDGE)


def defined(driver: str) -> Callable[[Lab, Path], None]:
    """A domain as it rests."""

    def make(lab: Lab, path: Path) -> None:
        connection = lab.connect(driver)
        domain = connection.defineXMLFlags(source(lab, path), 0)
        write(lab, "domains", path.stem, domain.XMLDesc(SECRETS))
        domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM if driver == "qemu" else 0)

    return make


def in_process(lab: Lab, path: Path) -> None:
    """A domain of the test driver, as it runs."""
    connection = libvirt.open(TEST)
    domain = connection.defineXML(source(lab, path))
    write(lab, "domains", path.stem, domain.XMLDesc(SECRETS))
    domain.undefine()


def running(driver: str) -> Callable[[Lab, Path], None]:
    """A domain as it runs and as it will be."""

    def make(lab: Lab, path: Path) -> None:
        connection = lab.connect(driver)
        for network in (SOURCES / "live-networks").glob("*.xml"):
            if network.stem not in connection.listNetworks():
                connection.networkCreateXML(source(lab, network))
        domain = connection.defineXML(source(lab, path))
        try:
            domain.create()
            changed = SOURCES / "changed" / path.name
            if changed.exists():
                domain = connection.defineXML(source(lab, changed))
            write(lab, "domains", f"{path.stem}.live", domain.XMLDesc(0))
            text = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
            write(lab, "domains", f"{path.stem}.inactive", text)
        finally:
            if domain.isActive():
                domain.destroy()
            domain.undefine()

    return make


def snapshot(lab: Lab, path: Path) -> None:
    """Two snapshots of a running domain, the second of its disk alone."""
    connection = lab.connect()
    domain = connection.defineXML(source(lab, path))
    try:
        domain.create()
        for name, flags in (
            ("first", libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY),
            ("second", libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY),
        ):
            text = f"<domainsnapshot><name>{name}</name></domainsnapshot>"
            taken = domain.snapshotCreateXML(text, flags)
            write(lab, "snapshots", f"{path.stem}-{name}", taken.getXMLDesc(0))
    finally:
        domain.destroy()
        domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)


def network(lab: Lab, path: Path) -> None:
    """A network; SR-IOV only the test driver takes where there is none."""
    text = source(lab, path)
    connection = libvirt.open(TEST) if "TEST" in text else lab.connect("network")
    one = connection.networkDefineXML(text)
    write(lab, "networks", path.stem, one.XMLDesc(0))
    one.undefine()


def pool(lab: Lab, path: Path) -> None:
    """A storage pool."""
    text = source(lab, path)
    connection = libvirt.open(TEST) if "TEST" in text else lab.connect("storage")
    one = connection.storagePoolDefineXML(text)
    write(lab, "pools", path.stem, one.XMLDesc(0))
    one.undefine()


def filter_(lab: Lab, path: Path) -> None:
    """A network filter."""
    one = lab.connect().nwfilterDefineXML(source(lab, path))
    write(lab, "filters", path.stem, one.XMLDesc(0))


SECRETS = libvirt.VIR_DOMAIN_XML_SECURE

MAKERS: dict[str, Callable[[Lab, Path], None]] = {
    "qemu": defined("qemu"),
    "lxc": defined("lxc"),
    "test": in_process,
    "live": running("qemu"),
    "lxc-live": running("lxc"),
    "snapshot": snapshot,
    "network": network,
    "pool": pool,
    "filter": filter_,
}

if __name__ == "__main__":
    main()
