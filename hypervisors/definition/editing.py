"""Editing a domain's definition: what is not addressed survives byte for byte.

The rule: an edit begins with the text that the hypervisor gave, and names fields as the definition
does (fields.py says where they stand). No tree leaves; what leaves is the text.
"""

import re
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

from virtcim.hypervisors.definition.converters import MASKED, SECRETS
from virtcim.hypervisors.definition.devices import Device, OtherDevice
from virtcim.hypervisors.definition.domain import DomainDefinition
from virtcim.hypervisors.definition.kinds import KINDS
from virtcim.hypervisors.definition.markup import Markup, Node, read
from virtcim.hypervisors.definition.parsing import parse_domain
from virtcim.hypervisors.definition.writing import put
from virtcim.hypervisors.definition.xml import parse

_DEVICES = "devices"


class Edit:
    """What is changed of one thing: of the domain as a whole, or of one of its devices."""

    def __init__(self, cls: type[Any], node: Node) -> None:
        self._cls = cls
        self.node = node

    def set(self, field: str, value: Any) -> None:
        """Write a field; `part.field` is one of a part. None takes it away.

        Raises ValueError for a value that cannot be written.
        """
        put(self._cls, self.node, field, value)

    def set_all(self, **fields: Any) -> None:
        """Write several fields, in this order."""
        for field, value in fields.items():
            self.set(field, value)


class DomainEditor:
    """A domain's text while it is changed.

    Raises HypervisorFailure for a text that is none.
    """

    def __init__(self, text: str) -> None:
        parse(text)
        self._markup: Markup = read(text)
        self.system = Edit(DomainDefinition, self._markup.root)

    @property
    def text(self) -> str:
        """The text as it is now."""
        return self._markup.written()

    @property
    def definition(self) -> DomainDefinition:
        """What the text says now."""
        return parse_domain(self.text)

    def device(self, device_id: str) -> Edit:
        """The device with this id; raises LookupError."""
        for device, node in self._devices():
            if device.id == device_id:
                return Edit(type(device), node)
        raise LookupError(device_id)

    def found(self, edit: Edit) -> Device:
        """What the text says now of a device that is being edited."""
        return next(device for device, node in self._devices() if node is edit.node)

    def add(self, element: str) -> Edit:
        """A new device, behind those of its kind."""
        node = self._place().make(element)
        return Edit(KINDS.get(element, OtherDevice), node)

    def adopt(self, text: str) -> Edit:
        """A device by its text, behind those of its kind."""
        given = read(text).root
        edit = self.add(given.name)
        edit.node.become(given)
        return edit

    def remove(self, device_id: str) -> None:
        """Take a device away; raises LookupError."""
        self.device(device_id).node.remove()

    def device_text(self, device_id: str) -> str:
        """The text of one device; raises LookupError."""
        return self.device(device_id).node.written()

    def _place(self) -> Node:
        found = self._markup.root.find(_DEVICES)
        return self._markup.root.make(_DEVICES, DomainDefinition.order) if found is None else found

    def _devices(self) -> Iterator[tuple[Device, Node]]:
        place = self._markup.root.find(_DEVICES)
        elements = [] if place is None else place.elements
        return ((device, elements[device.position]) for device in self.definition.devices)


def without_address(text: str) -> str:
    """A device's text without what says where it sits, and how the hypervisor calls it."""
    editor = DomainEditor("<domain><devices/></domain>")
    edit = editor.adopt(text)
    edit.set_all(address=None, alias=None)
    return edit.node.written()


_PASSWORDS = re.compile(rf"(\s(?:{'|'.join(sorted(SECRETS))})\s*=\s*)(\"[^\"]*\"|'[^']*')")


def difference(before: str, after: str) -> str:
    """What tells two texts apart, line by line; passwords are masked, a new one is said to be new.

    Empty when they are equal.
    """
    known = {found[2] for found in _PASSWORDS.finditer(before)}

    def masked(found: re.Match[str]) -> str:
        note = "" if found[2] in known else " (new)"
        return f"{found[1]}'{MASKED}{note}'"

    old, new = (_PASSWORDS.sub(masked, text).splitlines() for text in (before, after))
    return "".join(f"{line}\n" for line in unified_diff(old, new, "before", "after", lineterm=""))
