"""Extrinsic methods: the call is checked against the signature, then the provider's body runs."""

from collections.abc import Iterable, Mapping

from virtcim.broker.arguments import typed_arguments
from virtcim.broker.calling import CALLER
from virtcim.broker.instances import existing_record
from virtcim.broker.namespaces import Namespace, Namespaces
from virtcim.broker.provider import MethodResult, OffersStatic, OutValue, Provider, StaticBody
from virtcim.schema.layouts import Record
from virtcim.wbem.objects import (
    ClassDeclaration,
    Method,
    Value,
)
from virtcim.wbem.operations import InvokeMethod
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
from virtcim.wbem.types import CIMType

_SERVICE = "CIM_Service"

DIFFERENCE = "Difference"
"""Output of every method in a dry run, beside those of its signature: what it would change."""


async def invoke_method(namespaces: Namespaces, operation: InvokeMethod) -> MethodReply:
    """Run a method; the order of checks is class, method, target, arguments."""
    namespace = namespaces.get(operation.namespace)
    declaration = namespace.declaration(operation.target.class_name)
    method = _method(declaration.methods, operation.method)
    provider = namespace.provider(operation.target.class_name)
    if provider is None or method is None or not _is_implemented(provider, method):
        raise _refusal(namespace, declaration, method, operation.method)
    if CALLER.get().dry_run and method.name not in provider.rehearsed:
        raise NotSupported(f"{method.name} cannot be rehearsed (dry run); nothing was changed")
    return _reply(method, await _called(namespace, provider, method, operation))


def _is_implemented(provider: Provider, method: Method) -> bool:
    return method.name in provider.methods or method.name in _static_methods(provider)


def _static_methods(provider: Provider) -> Mapping[str, StaticBody]:
    return provider.static_methods if isinstance(provider, OffersStatic) else {}


async def _called(
    namespace: Namespace, provider: Provider, method: Method, operation: InvokeMethod
) -> MethodResult:
    """Call a method; a static one needs no instance, and one that is named must exist."""
    static = _static_methods(provider).get(method.name)
    if static is None:
        record = _target(namespace, provider, operation.target)
        arguments = typed_arguments(namespace, method, operation.arguments)
        return await provider.methods[method.name](record, arguments)
    if operation.target.keys is not None:
        existing_record(namespace, operation.target)
    return await static(typed_arguments(namespace, method, operation.arguments))


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


def _reply(method: Method, result: MethodResult) -> MethodReply:
    types = {parameter.name: parameter.type for parameter in method.parameters}
    types[DIFFERENCE] = CIMType.STRING
    out = tuple(
        OutParameter(name, types[name], _told(value)) for name, value in (result.out or {}).items()
    )
    return MethodReply(method.return_type, result.return_value, out)


def _told(value: OutValue) -> Value:
    """Return an output as the wire has it; instances go into it as embedded ones."""
    if isinstance(value, tuple):
        return tuple(one.instance() if isinstance(one, Record) else one for one in value)
    return value.instance() if isinstance(value, Record) else value
