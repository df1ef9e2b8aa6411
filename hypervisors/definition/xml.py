"""The one parser of libvirt's XML.

The rule: it resolves no entities, loads nothing and keeps lxml's bounds of depth and size; no tree
is kept but the few of `devices_of`.
"""

import threading
from collections import OrderedDict

from lxml import etree

from virtcim.hypervisors.errors import HypervisorFailure

Element = etree._Element  # noqa: SLF001 - lxml has no other name for its type


class _Parser(threading.local):
    """A parser for each thread: parsers are not shared between threads, and making one is slow."""

    def __init__(self) -> None:
        self.own = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
            remove_blank_text=True,
            collect_ids=False,
        )
        self.devices: OrderedDict[str, list[Element]] = OrderedDict()


_parser = _Parser()


# What libvirt lets into titles and names of files, and writes as it is, and XML cannot carry.
_NO_CHARACTERS = str.maketrans(dict.fromkeys("\ufffe\uffff", "\ufffd"))


def parse(text: str) -> Element:
    """Parse a text of libvirt's; raises HypervisorFailure."""
    if "\ufffe" in text or "\uffff" in text:
        text = text.translate(_NO_CHARACTERS)
    try:
        # As bytes, because a str must not declare an encoding.
        root = etree.fromstring(text.encode(), _parser.own)
    except (etree.XMLSyntaxError, UnicodeEncodeError) as error:
        raise HypervisorFailure(
            f"the hypervisor gave XML that is not well formed: {error}"
        ) from error
    if "<!DOCTYPE" in text:  # only there can entities be declared
        etree.strip_elements(root, etree.Entity, with_tail=False)
    return root


def domain_of(root: Element) -> Element | None:
    """The `<domain>` of a domain's or a snapshot's text."""
    return root.find("domain") if root.tag == "domainsnapshot" else root


_MOST_KEPT = 4
"""Trees of a thread: who asks for one device asks for its neighbours next."""


def devices_of(text: str) -> list[Element]:
    """What stands in the `<devices>` of a domain's or a snapshot's text."""
    kept = _parser.devices
    if text in kept:
        kept.move_to_end(text)
        return kept[text]
    domain = domain_of(parse(text))
    places = [] if domain is None else domain.findall("devices")
    return keep_devices(text, list(places[-1]) if places else [])


def keep_devices(text: str, found: list[Element]) -> list[Element]:
    """Keep the devices of a text that was just parsed, and let go of those kept longest."""
    kept = _parser.devices
    kept[text] = found
    if len(kept) > _MOST_KEPT:
        kept.popitem(last=False)
    return found
