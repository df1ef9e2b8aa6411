"""What clients can change of a setting: its properties, written into a definition.

The rule: for each class of devices, a property that has a getter has either a setter, in a table
beside those of its family, or a reason why nobody can set it. A value that is what the getter gives
is no change. An absent one is none either; an empty text or array takes a value away.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from virtcim.hypervisors.actions import DomainChange
from virtcim.hypervisors.definition import DomainDefinition
from virtcim.hypervisors.definition.editing import DomainEditor, Edit
from virtcim.hypervisors.model import DomainUUID
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Getter
from virtcim.wbem.objects import Value
from virtcim.wbem.status import InvalidParameter

Given = Mapping[str, Value]
"""Values that a client gave, by lower-case names; NULL is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is being changed: a device, or the domain as a whole.

    given: everything that the client gave with it. record: what goes to the domain's record.
    is_new: it is being made.
    """

    model: HostModel
    editor: DomainEditor
    edit: Edit
    given: Given
    is_new: bool = False
    record: dict[str, int] = field(default_factory=dict)

    @property
    def definition(self) -> DomainDefinition:
        """What the definition says now."""
        return self.editor.definition

    @property
    def device(self) -> Any:
        """What the definition says now of the device."""
        return self.editor.found(self.edit)

    def has(self, name: str) -> bool:
        """The client gave this property."""
        return name.lower() in self.given


Setter = Callable[[Target, Any], None]
"""Writes a property; raises ValueError with what is wrong with the value."""

Live = Callable[[DomainUUID, DomainDefinition, Any], DomainChange]
"""The action that gives a running domain a value."""


class Prepare(Protocol):
    """Puts what a client gave in the units and words of the getters."""

    def __call__(self, model: HostModel, given: Given, *, is_new: bool) -> Given:
        """Return what the client meant."""


def _as_given(model: HostModel, given: Given, *, is_new: bool) -> Given:  # noqa: ARG001 - as others
    return given


def _never(_view: object, _values: Mapping[str, Value]) -> bool:
    return False


def _none_later(_view: object, _values: Mapping[str, Value]) -> Collection[str]:
    return ()


NO_LIVE: Mapping[str, Live] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What can be changed of one class of devices.

    setters: in the order in which they write. fixed: why a property cannot be set.
    live: of what is no device, how a running domain gets the new value; what is not there has to
    wait for its next start. waits: of a device, whether these values have to. later: of what is no
    device, which of these have to although a running domain can get others.
    """

    getters: Mapping[str, Getter]
    setters: Mapping[str, Setter]
    fixed: Mapping[str, str]
    live: Mapping[str, Live] = field(default_factory=lambda: NO_LIVE)
    waits: Callable[[Any, Mapping[str, Value]], bool] = _never
    later: Callable[[Any, Mapping[str, Any]], Collection[str]] = _none_later
    prepare: Prepare = _as_given


FIXED: Mapping[str, str] = MappingProxyType({
    "InstanceID":            "it names the setting",
    "ElementName":           "it names the setting",
    "Caption":               "it is made from the rest",
    "Description":           "it is made from the rest",
    "ChangeableType":        "it says what the configuration is",
    "ConfigurationName":     "it names the configuration",
    "ResourceType":          "it follows from the class",
    "OtherResourceType":     "it is the kind of device",
    "PoolID":                "it follows from what the device is made from",
    "ConsumerVisibility":    "it follows from what the device is made from",
    "AllocationUnits":       "it is the unit in which the quantity is counted",
    "VirtualQuantity":       "a device is one",
    "VirtualQuantityUnits":  "a device is counted",
    "AutomaticAllocation":   "the hypervisor does so",
    "AutomaticDeallocation": "the hypervisor does so",
    "Address":               "it is the hypervisor's",
    "Parent":                "it follows from the device's address",
    "AddressOnParent":       "it follows from the device's address",
    "Attributes":            "it is all that the definition says; other properties set it",
    "Alias":                 "it is the hypervisor's",
    "MappingBehavior":       "it follows from what the device is made from",
    "HostResource":          "it follows from what the device is made from",
})  # fmt: skip
"""Why properties that settings have in common cannot be set, where a family does not set them."""

TOLD_ANYWAY = frozenset({
    "instanceid", "elementname", "caption", "description", "changeabletype", "configurationname",
    "resourcetype", "otherresourcetype", "consumervisibility", "virtualquantityunits",
    "automaticallocation", "automaticdeallocation", "parent", "attributes", "alias",
    "addressonparent", "mappingbehavior",
})  # fmt: skip
"""What a new setting may carry from the one that it was copied from; it is made anew."""


def fixed(getters: Iterable[str], setters: Iterable[str], **reasons: str) -> Mapping[str, str]:
    """Return the reasons of all that cannot be set; raises KeyError for one without a reason."""
    known = {**FIXED, **reasons}
    return {name: known[name] for name in getters if name not in frozenset(setters)}


# Changing


WHICH = frozenset({"instanceid", "configurationname", "changeabletype"})
"""What says which configuration a setting is of, and when that holds; it is never a change."""


def same(given: Value, own: Value) -> bool:
    """Tell whether a client gave what is there: an empty text or array is nothing."""
    if given in ("", ()) or own in ("", ()):
        return not given and (not own or own is None)
    return given == own


def changed(changes: Changes, view: object, given: Given) -> Mapping[str, Value]:
    """Return what a client gave that is not so, by the names of properties, setters' order first.

    Raises InvalidParameter for what cannot be set.
    """
    found = {
        name: given[name.lower()]
        for name in _ordered(changes)
        if name.lower() in given.keys() - WHICH
        and not same(given[name.lower()], changes.getters[name](view))
    }
    for name in found:
        if name not in changes.setters:
            raise InvalidParameter(f"{name} cannot be set: {changes.fixed[name]}")
    return found


def _ordered(changes: Changes) -> Iterator[str]:
    yield from changes.setters
    yield from (name for name in changes.getters if name not in changes.setters)


def write(changes: Changes, target: Target, values: Mapping[str, Value]) -> None:
    """Write values by the names of properties; raises InvalidParameter that names the property."""
    for name, value in values.items():
        try:
            changes.setters[name](target, value)
        except ValueError as error:
            raise InvalidParameter(f"{name} cannot be {_shown(name, value)}: {error}") from None


def _shown(name: str, value: Value) -> str:
    return "that" if name == "Password" else repr(value)


# Setters


def plain(value: Any) -> Any:
    """Return a value as it is."""
    return value


def to(name: str, convert: Callable[[Any], Any] = plain) -> Setter:
    """Return a setter of a field."""

    def put(target: Target, value: Any) -> None:
        target.edit.set(name, None if value in ("", ()) else convert(value))

    return put


def number(text: str) -> int:
    """Return a number that a property has as a text."""
    if not text.isascii() or not text.isdecimal():
        raise ValueError("it must be a number")
    return int(text)


def flag(text: str) -> bool:
    """Return what libvirt's words for yes and no mean."""
    try:
        return {"yes": True, "on": True, "no": False, "off": False}[text.lower()]
    except KeyError:
        raise ValueError("it must be yes or no") from None


def one_of(*words: str) -> Callable[[str], str]:
    """Return a check that a text is one of these words, in lower case."""

    def check(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"it must be one of {', '.join(words)}")
        return text.lower()

    return check


def every(convert: Callable[[Any], Any]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Return a conversion of each element of an array."""
    return lambda values: tuple(convert(value) for value in values)


def pair(text: str, what: str = "NAME=VALUE", separator: str = "=") -> tuple[str, str]:
    """Return the two parts of a text; raises ValueError that says how it is written."""
    first, found, second = text.partition(separator)
    if not found or not first:
        raise ValueError(f"it must be written as {what}")
    return first.strip(), second.strip()


def kibibytes(value: int) -> int:
    """Return KiB as bytes; raises ValueError for more than libvirt's numbers hold."""
    if value >= _MOST_KIBIBYTES:
        raise ValueError("it is 2^63 bytes or more")
    return value * 1024


_MOST_KIBIBYTES = 2**53
