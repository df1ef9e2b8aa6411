"""Reader of libvirt-cim's own store, for an operator who moves to virtcim.

One file a domain, ``<hypervisor type>_<domain name>``, holding
``<dominfo><uuid/><reqstate/><migrating/><weight/><limit/></dominfo>``. libvirt-cim rewrote these
files in place and without fsync, so a torn one is to be expected: it is reported and skipped. The
files are only ever read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from lxml import etree

from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.records import DomainRecord

# libvirt-cim's files have some two hundred bytes.
LARGEST_FILE = 65_536


class NotReadable(InfostoreError):
    """The directory of the old store cannot be listed."""

    situation = "the directory {place} cannot be read"
    remedy = "name libvirt-cim's store, usually /etc/libvirt/cim"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyDomain:
    """One readable file: the domain as libvirt-cim knew it.

    ``hypervisor_type`` is libvirt's name of the driver as in the file name: QEMU, LXC, Xen.
    """

    hypervisor_type: str
    name: str
    uuid: str
    record: DomainRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A file that was not taken over, by its name, and why."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyStore:
    """What a directory of libvirt-cim's held."""

    domains: tuple[LegacyDomain, ...]
    skipped: tuple[Skipped, ...]


class _Damage(Exception):
    """Why one file cannot be taken over."""


def read(directory: Path) -> LegacyStore:
    """Read every file of a directory; raises NotReadable.

    Two files of one UUID are a rename that libvirt-cim did not follow: the one it wrote last
    counts, the other is skipped.
    """
    found: dict[tuple[str, str], LegacyDomain] = {}
    skipped = []
    for path in _newest_first(directory):
        try:
            domain = _read_file(path)
            first = found.setdefault((domain.hypervisor_type, domain.uuid), domain)
            if first is not domain:
                raise _Damage(f"an older record of the domain now named {first.name}")
        except _Damage as damage:
            skipped.append(Skipped(file=path.name, reason=str(damage)))
    return LegacyStore(
        domains=tuple(sorted(found.values(), key=lambda domain: domain.name)),
        skipped=tuple(sorted(skipped, key=lambda each: each.file)),
    )


def _newest_first(directory: Path) -> list[Path]:
    try:
        files = [path for path in directory.iterdir() if not path.name.startswith(".")]
        return sorted(files, key=lambda path: path.lstat().st_mtime_ns, reverse=True)
    except OSError as error:
        raise NotReadable(str(directory), error.strerror or str(error)) from error


def _read_file(path: Path) -> LegacyDomain:
    hypervisor_type, separator, name = path.name.partition("_")
    if not (separator and hypervisor_type and name):
        raise _Damage("not named <type>_<domain>")
    texts = _parse(_content(path))
    try:
        return LegacyDomain(
            hypervisor_type=hypervisor_type,
            name=name,
            uuid=str(UUID(texts["uuid"])),
            record=DomainRecord(
                # libvirt-cim's zero says that nothing was ever requested.
                requested_state=_number(texts, "reqstate") or None,
                migrating=texts.get("migrating", "").lower() == "true",
                weight=_number(texts, "weight"),
                limit=_number(texts, "limit"),
            ),
        )
    except KeyError as error:
        raise _Damage("no uuid") from error
    except ValueError as error:
        raise _Damage(str(error)) from error


def _content(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise _Damage("not a file")
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise _Damage(error.strerror or str(error)) from error
    if len(content) > LARGEST_FILE:
        raise _Damage(f"larger than {LARGEST_FILE} bytes")
    return content


def _parse(content: bytes) -> Mapping[str, str]:
    """Give the text of each first child by name; entities and document types are refused."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise _Damage(f"not well-formed: {error.msg}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise _Damage("has a document type, which libvirt-cim never writes")
    if root.tag != "dominfo":
        raise _Damage("not a <dominfo>")
    texts: dict[str, str] = {}
    for child in root.iterchildren(tag=etree.Element):
        texts.setdefault(child.tag, (child.text or "").strip())
    return texts


def _number(texts: Mapping[str, str], key: str) -> int | None:
    text = texts.get(key, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise _Damage(f"{key} is not a number")
    return int(text)
