"""The XML parser for everything that comes from outside, and for what was kept of it.

The rule: no entities, no document types, no network, and libxml2's limits.
"""

from lxml import etree

BIG = 262_144
"""Bytes from which a message is worth a thread of its own; it takes milliseconds to read."""


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


PARSER = _parser()
_PARSER_OF_BIG = _parser()


def parse(body: bytes) -> etree._Element:
    """Return the root of a message; raises XMLSyntaxError, ValueError.

    A parser has one user at a time: small messages do not wait for big ones.
    """
    return etree.fromstring(body, PARSER if len(body) < BIG else _PARSER_OF_BIG)
