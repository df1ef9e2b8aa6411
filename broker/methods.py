"""Extrinsic methods: the call is checked against the signature, then the provider's body runs."""

from collections.abc import Iterable, Mapping

from virtcim.broker.calling import CALLER
from virtcim.broker.instances import existing_record
from virtcim.broker.namespaces import Namespace, Namespaces
from virtcim.broker.provider import Arguments, MethodResult, Provider
from virtcim.schema.layouts import Record
from virtcim.wbem.objects import (
    ClassDeclaration,
    Method,
    Parameter,
    Scalar,
    Value,
    qualifier_value,
)
from virtcim.wbem.operations import Argument, InvokeMethod
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import MethodReply, OutParameter
from virtcim.wbem.status import (
    Failed,
    InvalidParameter,
    MethodNotAvailable,
    MethodNotFound,
    NotFound,
    NotSupported,
    WBEMError,
)
from virtcim.wbem.types import INTEGER_RANGES, CIMType
from virtcim.wbem.values import parse

_SERVICE = "CIM_Service"

DIFFERENCE = "Difference"
"""Output of every method in a dry run, beside those of its signature: what it would change."""


async def invoke_method(namespaces: Namespaces, operation: InvokeMethod) -> MethodReply:
    """Run a method; the order of checks is class, method, target, arguments."""
    namespace = namespaces.get(operation.namespace)
    declaration = namespace.declaration(operation.target.class_name)
    method = _method(declaration.methods, operation.method)
    provider = namespace.provider(operation.target.class_name)
    body = None if provider is None or method is None else provider.methods.get(method.name)
    if provider is None or method is None or body is None:
        raise _refusal(namespace, declaration, method, operation.method)
    if CALLER.get().dry_run and method.name not in provider.rehearsed:
        raise NotSupported(f"{method.name} cannot be rehearsed (dry run); nothing was changed")
    record = _target(namespace, provider, operation.target)
    result = await body(record, typed_arguments(method, operation.arguments))
    return _reply(method, result)


def _method(methods: Iterable[Method], name: str) -> Method | None:
    return next((method for method in methods if method.name.lower() == name.lower()), None)


def _refusal(
    namespace: Namespace, declaration: ClassDeclaration, method: Method | None, asked: str
) -> WBEMError:
    """Return why a method cannot be called."""
    if namespace.rules.unknown_method is not None and _has_methods(namespace, declaration.name):
        return _legacy_refusal(namespace, declaration.name, asked)
    if method is None:
        return MethodNotFound(declaration.name, asked)
    return MethodNotAvailable(f"{declaration.name} does not implement {method.name}")


def _has_methods(namespace: Namespace, class_name: str) -> bool:
    provider = namespace.provider(class_name)
    return namespace.repository.is_a(class_name, _SERVICE) or bool(provider and provider.methods)


def _legacy_refusal(namespace: Namespace, class_name: str, asked: str) -> WBEMError:
    rules = namespace.rules
    for name, methods in rules.unsupported_methods.items():
        if asked.lower() in methods and namespace.repository.is_a(class_name, name):
            return NotSupported(f"{asked} is not supported")
    return Failed(rules.unknown_method or "")


def _target(namespace: Namespace, provider: Provider, path: ObjectPath) -> Record:
    """Return the instance to act on; the class path of a service means its only instance.

    Clients call methods of a singleton service on its class. No other class is meant so: that
    there is one domain just now does not make it the one that the client means.
    """
    if path.keys is not None:
        return existing_record(namespace, path)
    if not namespace.repository.is_a(path.class_name, _SERVICE):
        raise InvalidParameter(f"methods of {path.class_name} are called on an instance")
    records = provider.records()
    if len(records) != 1:
        number = "no instance" if not len(records) else "more than one instance"
        raise (NotFound if not len(records) else InvalidParameter)(
            f"{path.class_name} has {number}; a method is called on one"
        )
    return records.records[0]


def typed_arguments(method: Method, arguments: Iterable[Argument]) -> Arguments:
    """Return the input arguments with the types that the signature declares.

    Raises InvalidParameter for an unknown, duplicate or missing one and for a wrong type.
    """
    declared: Mapping[str, Parameter] = {p.name.lower(): p for p in method.parameters}
    given: dict[str, Value] = {}
    for argument in arguments:
        parameter = declared.get(argument.name.lower())
        if parameter is None:
            raise InvalidParameter(f"{method.name} has no parameter {argument.name}")
        if parameter.name.lower() in given:
            raise InvalidParameter(f"parameter {argument.name} is given twice")
        given[parameter.name.lower()] = _typed(parameter, argument)
    for name, parameter in declared.items():
        required = bool(qualifier_value(parameter.qualifiers, "Required"))
        if required and parameter.flag("In", default=True) and given.get(name) is None:
            raise InvalidParameter(f"{method.name} needs parameter {parameter.name}")
    return {name: value for name, value in given.items() if value is not None}


def _typed(parameter: Parameter, argument: Argument) -> Value:
    value = argument.value
    if value is None:
        return None
    if parameter.is_array:
        # wbemcli sends an array of one element as a plain value.
        elements = value if isinstance(value, tuple) else (value,)
        return tuple(None if e is None else _typed_scalar(parameter, e) for e in elements)
    if isinstance(value, tuple):
        raise InvalidParameter(f"{parameter.name} is an array where one value is needed")
    return _typed_scalar(parameter, value)


def _typed_scalar(parameter: Parameter, value: Scalar) -> Scalar:
    """Give one value its declared type, whichever the client said: widths differ in practice."""
    kind = parameter.type
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if isinstance(text, str):
        try:
            return parse(kind, text)
        except ValueError as error:
            raise InvalidParameter(f"{parameter.name}: {error}") from None
    fits = {CIMType.REFERENCE: ObjectPath, CIMType.BOOLEAN: bool}.get(kind)
    embedded = kind is CIMType.STRING and parameter.embedding is not None
    if (fits is not None and isinstance(value, fits)) or embedded:
        return value
    wanted = "an integer" if kind in INTEGER_RANGES else f"of type {kind}"
    raise InvalidParameter(f"{parameter.name} must be {wanted}")


def _reply(method: Method, result: MethodResult) -> MethodReply:
    types = {parameter.name: parameter.type for parameter in method.parameters}
    types[DIFFERENCE] = CIMType.STRING
    out = tuple(
        OutParameter(name, types[name], value) for name, value in (result.out or {}).items()
    )
    return MethodReply(method.return_type, result.return_value, out)
