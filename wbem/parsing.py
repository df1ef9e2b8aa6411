"""The XML parser for everything that comes from outside, and for what was kept of it.

The rule: no entities, no document types, no network, and libxml2's limits.
"""

from lxml import etree

PARSER = etree.XMLParser(
    encoding="utf-8",
    resolve_entities=False,
    load_dtd=False,
    no_network=True,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
    collect_ids=False,
)
