"""CIM objects as data: declarations of classes and qualifiers, and instances.

All of them are frozen and carry the names as their source spelt them; look-ups ignore case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Union

from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.types import CIMType

Scalar = Union[str, bool, int, float, ObjectPath, "Instance", "ClassDeclaration"]
Value = Scalar | tuple[Scalar | None, ...] | None
"""A CIM value: a scalar, an array, or None for NULL (types.py says which Python type)."""

Embedding = Literal["instance", "object"]


@dataclass(frozen=True, slots=True)
class Flavor:
    """How a qualifier is inherited (DSP0004 section 5.6.1.3)."""

    overridable: bool = True
    to_subclass: bool = True
    translatable: bool = False


@dataclass(frozen=True, slots=True)
class Qualifier:
    """A qualifier as written on an element."""

    name: str
    type: CIMType
    value: Value
    flavor: Flavor = Flavor()
    propagated: bool = False


@dataclass(frozen=True, slots=True)
class QualifierDeclaration:
    """Declaration of a qualifier type; `scopes` are names as in SCOPE attributes."""

    name: str
    type: CIMType
    is_array: bool
    value: Value
    scopes: frozenset[str]
    flavor: Flavor = Flavor()


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """Declaration of a property; `value` is its default.

    `reference_class` is set for references only; `embedding` for strings that carry an object.
    """

    name: str
    type: CIMType
    is_array: bool = False
    array_size: int | None = None
    value: Value = None
    reference_class: str | None = None
    embedding: Embedding | None = None
    class_origin: str = ""
    propagated: bool = False
    qualifiers: tuple[Qualifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """Declaration of a method parameter."""

    name: str
    type: CIMType
    is_array: bool = False
    array_size: int | None = None
    reference_class: str | None = None
    embedding: Embedding | None = None
    qualifiers: tuple[Qualifier, ...] = ()

    def flag(self, qualifier: str, *, default: bool) -> bool:
        """Return the value of a boolean qualifier such as In or Out."""
        value = qualifier_value(self.qualifiers, qualifier)
        return default if value is None else bool(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """Declaration of a method."""

    name: str
    return_type: CIMType
    parameters: tuple[Parameter, ...] = ()
    class_origin: str = ""
    propagated: bool = False
    qualifiers: tuple[Qualifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassDeclaration:
    """A class; in the repository with all inherited elements, on the wire as selected."""

    name: str
    superclass: str | None = None
    properties: tuple[Property, ...] = ()
    methods: tuple[Method, ...] = ()
    qualifiers: tuple[Qualifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceProperty:
    """A property with its value as an instance carries it."""

    name: str
    type: CIMType
    value: Value
    is_array: bool = False
    reference_class: str | None = None
    embedding: Embedding | None = None
    class_origin: str | None = None

    @classmethod
    def of(cls, declared: Property, value: Value) -> "InstanceProperty":
        """Return a property as it is declared, with this value."""
        return cls(
            name=declared.name,
            type=declared.type,
            value=value,
            is_array=declared.is_array,
            reference_class=declared.reference_class,
            embedding=declared.embedding,
        )


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance as data: what a client sent, or an embedded one that we send."""

    class_name: str
    properties: tuple[InstanceProperty, ...]
    path: ObjectPath | None = None
    by_name: Mapping[str, InstanceProperty] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Index the properties by lower-case name."""
        object.__setattr__(self, "by_name", {p.name.lower(): p for p in self.properties})


def qualifier_value(qualifiers: tuple[Qualifier, ...], name: str) -> Value:
    """Return the value of the named qualifier, or None when it is absent."""
    wanted = name.lower()
    for qualifier in qualifiers:
        if qualifier.name.lower() == wanted:
            return qualifier.value
    return None
