"""Arguments of extrinsic methods: checked against the signature, and read from there by providers.

The rule: a provider never looks at what a client sent, only at what these functions give.
"""

from collections.abc import Iterable, Mapping

from virtcim.broker.embedded import Embedded, read_embedded
from virtcim.broker.namespaces import Namespace
from virtcim.broker.provider import Arguments, ArgumentValue
from virtcim.broker.typed_values import typed_value
from virtcim.wbem.objects import Method, Parameter, Value, qualifier_value
from virtcim.wbem.operations import Argument
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import InvalidParameter
from virtcim.wbem.types import CIMType


def typed_arguments(
    namespace: Namespace, method: Method, arguments: Iterable[Argument]
) -> Arguments:
    """Return the input arguments with the types that the signature declares.

    Raises InvalidParameter for an unknown, duplicate or missing one and for a wrong type.
    """
    declared: Mapping[str, Parameter] = {p.name.lower(): p for p in method.parameters}
    given: dict[str, ArgumentValue] = {}
    for argument in arguments:
        parameter = declared.get(argument.name.lower())
        if parameter is None:
            raise InvalidParameter(f"{method.name} has no parameter {argument.name}")
        if parameter.name.lower() in given:
            raise InvalidParameter(f"parameter {argument.name} is given twice")
        given[parameter.name.lower()] = _typed(namespace, parameter, argument.value)
    for name, parameter in declared.items():
        required = bool(qualifier_value(parameter.qualifiers, "Required"))
        if required and parameter.flag("In", default=True) and given.get(name) is None:
            raise InvalidParameter(f"{method.name} needs parameter {parameter.name}")
    return {name: value for name, value in given.items() if value is not None}


def _typed(namespace: Namespace, parameter: Parameter, value: Value) -> ArgumentValue:
    if parameter.type is CIMType.STRING and parameter.embedding is not None:
        return read_embedded(namespace.repository, namespace.name, parameter, value)
    try:
        return typed_value(parameter, value, namespace.name)
    except ValueError as error:
        raise InvalidParameter(_sentence(parameter.name, str(error))) from None


def _sentence(name: str, fault: str) -> str:
    # "X must be an integer", "X is an array", and "X: 'y' is not one".
    if fault.startswith("must "):
        return f"{name} {fault}"
    return f"{name} is {fault}" if fault.startswith("an array") else f"{name}: {fault}"


# What providers read


def text(arguments: Arguments, name: str) -> str | None:
    """Return a string argument, None when it is absent."""
    value = arguments.get(name.lower())
    return value if isinstance(value, str) else None


def number(arguments: Arguments, name: str) -> int | None:
    """Return an integer argument, None when it is absent."""
    value = arguments.get(name.lower())
    return value if isinstance(value, int) else None


def reference(arguments: Arguments, name: str) -> ObjectPath | None:
    """Return an argument that is a reference, None when it is absent."""
    value = arguments.get(name.lower())
    return value if isinstance(value, ObjectPath) else None


def instance(arguments: Arguments, name: str) -> Embedded | None:
    """Return the embedded instance of an argument, None when it is absent."""
    value = arguments.get(name.lower())
    return value if isinstance(value, Embedded) else None


def instances(arguments: Arguments, name: str) -> tuple[Embedded, ...]:
    """Return the embedded instances of an argument, in order; none when it is absent."""
    value = arguments.get(name.lower())
    found = value if isinstance(value, tuple) else (value,)
    return tuple(one for one in found if isinstance(one, Embedded))
