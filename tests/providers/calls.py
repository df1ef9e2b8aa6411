"""Methods of services called on a stage, with arguments as clients send them."""

from tests.providers.stage import NAMESPACE, Stage
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import Value
from virtcim.wbem.operations import Argument
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import MethodReply


def mof(class_name: str, **values: Value) -> str:
    """Return an embedded instance as MOF."""
    items = "".join(f" {name} = {_literal(value)};" for name, value in values.items())
    return f"instance of {class_name} {{{items} }};"


def _literal(value: Value) -> str:
    if isinstance(value, tuple):
        return f"{{{', '.join(_literal(one) for one in value)}}}"
    if isinstance(value, str):
        text = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'
    return "NULL" if value is None else str(value)


async def call(stage: Stage, target: str | ObjectPath, method: str, **arguments: Value) -> Value:
    """Call a method of a singleton service by its class, and return its code."""
    return (await reply(stage, target, method, **arguments)).return_value


async def reply(
    stage: Stage, target: str | ObjectPath, method: str, **arguments: Value
) -> MethodReply:
    """Call a method and return its reply."""
    path = ObjectPath(target, None, NAMESPACE) if isinstance(target, str) else target
    found = await stage.broker.change(
        ops.InvokeMethod(
            namespace=NAMESPACE,
            target=path,
            method=method,
            arguments=tuple(Argument(name, None, value) for name, value in arguments.items()),
        )
    )
    assert isinstance(found, MethodReply)
    return found


def out(found: MethodReply, name: str) -> Value:
    """Return an output of a reply, None when it has none of that name."""
    return next((one.value for one in found.out if one.name == name), None)
