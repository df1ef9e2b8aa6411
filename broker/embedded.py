"""Embedded objects: instances read as their class declares them, and made for replies; classes.

A client sends one as CIM-XML, as text of it or as MOF; a class, where any object may stand, as text
of CIM-XML. The rule: what the class does not have is left out, what is NULL is absent, and all else
has its declared type or the whole is refused. Embedded instances inside one stay as they came; who
needs them reads them in turn.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from virtcim.broker.typed_values import Declared, typed_value
from virtcim.schema.repository import Repository
from virtcim.wbem.embedded_text import EmbeddedObject, is_blank, read_objects
from virtcim.wbem.objects import (
    ClassDeclaration,
    Instance,
    InstanceProperty,
    Scalar,
    Value,
    qualifier_value,
)
from virtcim.wbem.status import InvalidParameter

MOST_INSTANCES = 1000
"""Of one parameter."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """An embedded instance as typed by its class.

    `class_name` is spelt as the repository has it; `values` are by lower-case name, without NULL.
    """

    class_name: str
    values: Mapping[str, Value]

    def get(self, name: str) -> Value:
        """Return the value of a property by its name in any case; None when it is not given."""
        return self.values.get(name.lower())


EmbeddedValue = Embedded | ClassDeclaration


def read_embedded(
    repository: Repository, namespace: str, declared: Declared, value: Value
) -> EmbeddedValue | tuple[EmbeddedValue, ...] | None:
    """Return what a parameter or property that is declared to hold objects holds.

    `namespace` is where references in it point that name none. None, or no element of an array,
    stands for what is NULL or blank. Raises InvalidParameter.
    """
    elements = value if isinstance(value, tuple) else (value,)
    if isinstance(value, tuple) and not declared.is_array:
        raise InvalidParameter(f"{declared.name} is an array where one value is needed")
    wanted = qualifier_value(declared.qualifiers, "EmbeddedInstance")
    above = wanted if isinstance(wanted, str) else None
    found = tuple(
        _typed(repository, namespace, declared.name, above, one)
        for element in elements
        if element is not None
        for one in _objects(declared.name, element)
    )
    if len(found) > MOST_INSTANCES:
        raise InvalidParameter(f"{declared.name} has more than {MOST_INSTANCES} instances")
    if declared.is_array:
        return found if value is not None else None
    if len(found) > 1:
        raise InvalidParameter(f"{declared.name} has {len(found)} instances where one is needed")
    return found[0] if found else None


def _objects(name: str, value: Scalar) -> tuple[EmbeddedObject, ...]:
    if isinstance(value, Instance | ClassDeclaration):
        return (value,)
    if not isinstance(value, str):
        raise InvalidParameter(f"{name} must hold an embedded instance")
    if is_blank(value):
        return ()
    try:
        return read_objects(value)
    except ValueError as error:
        raise InvalidParameter(f"{name}: {error}") from None


def _typed(
    repository: Repository, namespace: str, name: str, above: str | None, instance: EmbeddedObject
) -> EmbeddedValue:
    """Return the instance by its class, which is the declared one, or below or above it.

    Clients send the general class where a special one is declared, and say by ResourceType which.
    A class is returned as it is, where no class of instances is declared.
    """
    if isinstance(instance, ClassDeclaration):
        if above is not None:
            raise InvalidParameter(f"{name}: a class stands where an instance is needed")
        return instance
    declaration = repository.find(instance.class_name)
    if declaration is None:
        raise InvalidParameter(f"{name}: there is no class {instance.class_name}")
    own = declaration.name
    if above is not None and not (repository.is_a(own, above) or repository.is_a(above, own)):
        raise InvalidParameter(f"{name}: {own} is no {above}")
    return Embedded(own, dict(_values(namespace, name, declaration, instance)))


def _values(
    namespace: str, name: str, declaration: ClassDeclaration, instance: Instance
) -> Iterator[tuple[str, Value]]:
    for declared in declaration.properties:
        given = instance.by_name.get(declared.name.lower())
        if given is None:
            continue
        try:
            value = typed_value(declared, given.value, namespace)
        except ValueError as error:
            where = f"{name}: {declared.name} of {declaration.name}"
            raise InvalidParameter(f"{where}: {error}") from None
        if value is not None:
            yield declared.name.lower(), value


def made_of(declaration: ClassDeclaration, values: Mapping[str, Value]) -> Instance:
    """Return an instance with these values, by lower-case name, and no other properties."""
    return Instance(
        declaration.name,
        tuple(
            InstanceProperty.of(p, values[p.name.lower()])
            for p in declaration.properties
            if p.name.lower() in values
        ),
    )


def make(declaration: ClassDeclaration, values: Mapping[str, Value]) -> Instance:
    """Return an instance of a class for a reply, with these values and the class's defaults.

    Raises KeyError for a value that the class has no property for: that is a defect of ours.
    """
    by_name = {name.lower(): value for name, value in values.items()}
    unknown = by_name.keys() - {p.name.lower() for p in declaration.properties}
    if unknown:
        raise KeyError(f"{declaration.name} has no property {', '.join(sorted(unknown))}")
    return Instance(
        declaration.name,
        tuple(
            InstanceProperty.of(p, by_name.get(p.name.lower(), p.value))
            for p in declaration.properties
        ),
    )
