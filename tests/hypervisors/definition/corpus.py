"""The texts of tests/data, and what the XML says when nobody interprets it."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from virtcim.hypervisors.definition import (
    parse_domain,
    parse_filter,
    parse_network,
    parse_pool,
    parse_snapshot,
)

DATA = Path(__file__).parents[2] / "data"

PARSERS = {
    # the folder: what reads it
    "domains": parse_domain,
    "snapshots": parse_snapshot,
    "networks": parse_network,
    "pools": parse_pool,
    "filters": parse_filter,
}  # fmt: skip


def texts(folder: str) -> dict[str, str]:
    """The texts of a folder by name."""
    return {path.stem: path.read_text() for path in sorted((DATA / folder).glob("*.xml"))}


def lines(element: ET.Element, path: str = "") -> Iterator[str]:
    """All that an element says, as `path=value`."""
    for name, value in element.attrib.items():
        yield f"{path}@{name}={'********' if name == 'passwd' else value}"
    text = element.text or ""
    if text.strip():
        yield f"{path[:-1] or '.'}={text}"
    elif path and not element.attrib and not len(element):
        yield f"{path[:-1]}="
    for child in element:
        yield from lines(child, f"{path}{child.tag}/")
