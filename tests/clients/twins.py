"""Virtcim and pywbem's mock side by side: the same classes and instances, asked the same.

What they answer is brought into one form: without what DSP0200 leaves to the server, which is the
order of sets, the host in paths, and whether what is false by default is said.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pywbem
import pywbem_mock  # type: ignore[import-untyped]  # as all of pywbem

from tests.serving import DATA, RunningServer

NAMESPACE = "root/twins"
MOF = (DATA / "twins.mof").read_text()


@dataclass(frozen=True)
class Ask:
    """An operation of WBEMConnection with its arguments."""

    operation: str
    choices: Mapping[str, Any]

    def __str__(self) -> str:
        """Return the call as it is written."""
        given = ", ".join(f"{name}={_short(value)}" for name, value in self.choices.items())
        return f"{self.operation}({given})"

    @property
    def is_of_class(self) -> bool:
        """It follows the associations of a class."""
        return isinstance(self.choices.get("ObjectName"), str)

    def of(self, client: Any) -> Any:
        """Return a server's answer, or the code of its refusal."""
        try:
            return _whole(client, self.operation, dict(self.choices))
        except pywbem.CIMError as error:
            return Refused(error.status_code)
        except (AttributeError, TypeError, ValueError) as error:
            return Fallen(type(error).__name__)


@dataclass(frozen=True)
class Refused:
    """An operation was refused with this code."""

    code: int


@dataclass(frozen=True)
class Fallen:
    """The mock fell over what it was asked."""

    by: str


def _whole(client: Any, operation: str, choices: dict[str, Any]) -> Any:
    """Return all that an operation gives; an enumeration is pulled to its end."""
    answer = getattr(client, operation)(**choices)
    if operation.startswith("Iter"):
        return list(answer)
    if not operation.startswith("Open"):
        return answer
    is_path = operation.endswith("Paths")
    found: list[Any] = []
    while True:
        found += answer.paths if is_path else answer.instances
        if answer.eos:
            return found
        pull = client.PullInstancePaths if is_path else client.PullInstancesWithPath
        answer = pull(answer.context, MaxObjectCount=2)


def _short(value: object) -> str:
    if isinstance(value, pywbem.CIMInstanceName):
        return str(value.to_wbem_uri())
    if isinstance(value, pywbem.CIMInstance | pywbem.CIMClass):
        return f"<{value.classname} {[(k, str(v.value)) for k, v in value.properties.items()]}>"
    return repr(value)


@dataclass(frozen=True)
class Twins:
    """A server and a mock with the same in them."""

    ours: Any
    theirs: Any


def twins(server: RunningServer) -> Twins:
    """Return the two, each given the MOF by pywbem's compiler."""
    ours = pywbem.WBEMConnection(server.url, default_namespace="interop")
    pywbem.WBEMServer(ours).create_namespace(NAMESPACE)
    ours.default_namespace = NAMESPACE
    pywbem.MOFCompiler(ours, log_func=None).compile_string(MOF, NAMESPACE)
    theirs = pywbem_mock.FakedWBEMConnection(default_namespace=NAMESPACE)
    theirs.compile_mof_string(MOF)
    for name in theirs.EnumerateClassNames(DeepInheritance=True):
        for one in theirs.EnumerateInstances(name):
            if one.classname == name:
                theirs.ModifyInstance(complete(theirs, one))
    return Twins(ours, theirs)


def complete(client: Any, one: Any) -> Any:
    """Return an instance with what it leaves out: the mock keeps what it was given, and no more."""
    whole = one.copy()
    for name, member in client.GetClass(one.classname, LocalOnly=False).properties.items():
        if name not in whole.properties:
            whole.properties[name] = pywbem.CIMProperty(
                member.name,
                member.value,
                type=member.type,
                is_array=member.is_array,
                reference_class=member.reference_class,
            )
    return whole


def elements(answer: Any) -> Iterator[Any]:
    """Yield the instances and classes of an answer."""
    if isinstance(answer, list | tuple):
        for one in answer:
            yield from elements(one)
    elif isinstance(answer, pywbem.CIMInstance | pywbem.CIMClass):
        yield answer


# One form


def canonical(answer: Any) -> Any:
    """Return an answer so that equal ones compare equal."""
    for kind, form in _FORMS.items():
        if isinstance(answer, kind):
            return form(answer)
    if isinstance(answer, list):
        return sorted(map(canonical, answer), key=repr)
    if isinstance(answer, tuple):
        return tuple(map(canonical, answer))
    return answer


def _path(path: Any) -> Any:
    keys = sorted((k.lower(), canonical(v)) for k, v in path.keybindings.items())
    return ("path", path.namespace, path.classname, *keys)


def _class_path(path: Any) -> Any:
    return ("class path", path.namespace, path.classname)


def _all(things: Mapping[str, Any]) -> Any:
    return tuple(sorted(map(canonical, things.values()), key=repr))


def _value(value: Any) -> Any:
    return ("array", *map(canonical, value)) if isinstance(value, list) else canonical(value)


def _property(one: Any) -> Any:
    kind = (one.type, one.is_array, one.array_size, one.reference_class, one.embedded_object)
    origin = (one.class_origin, bool(one.propagated))
    return (one.name, *kind, *origin, _value(one.value), _all(one.qualifiers))


def _instance(one: Any) -> Any:
    return ("instance", one.classname, canonical(one.path), _all(one.properties))


def _flavor(one: Any) -> Any:
    return (one.overridable is not False, one.tosubclass is not False, bool(one.translatable))


def _qualifier(one: Any) -> Any:
    return (one.name, one.type, _value(one.value), bool(one.propagated), _flavor(one))


def _parameter(one: Any) -> Any:
    kind = (one.type, one.is_array, one.array_size, one.reference_class)
    return (one.name, *kind, _all(one.qualifiers))


def _method(one: Any) -> Any:
    origin = (one.class_origin, bool(one.propagated))
    parameters = tuple(map(canonical, one.parameters.values()))
    return (one.name, one.return_type, *origin, parameters, _all(one.qualifiers))


def _class(one: Any) -> Any:
    parts = (_all(one.properties), _all(one.methods), _all(one.qualifiers))
    return ("class", one.classname, one.superclass, *parts)


def _declaration(one: Any) -> Any:
    scopes = {name for name, is_in in one.scopes.items() if is_in}
    every = {"ANY"} if "ANY" in scopes else scopes
    kind = (one.type, one.is_array, _value(one.value))
    return (one.name, *kind, *sorted(_PLACES if every == {"ANY"} else every), _flavor(one))


def leaves(ours: Any, theirs: Any, where: str = "") -> Iterator[str]:
    """Yield where two answers in the common form differ, and how."""
    if ours == theirs:
        return
    if isinstance(ours, tuple | list) and isinstance(theirs, tuple | list):
        mine, others = _by_name(ours), _by_name(theirs)
        for name in [*mine, *(one for one in others if one not in mine)]:
            yield from leaves(mine.get(name, "-"), others.get(name, "-"), f"{where}/{name}")
    else:
        yield f"{where}: {str(ours)[:200]} | {str(theirs)[:200]}"


def _by_name(parts: Any) -> dict[Any, Any]:
    """Return the parts of a form by what tells them apart."""
    named = all(isinstance(one, tuple) and one for one in parts)
    found: dict[Any, Any] = {}
    for number, one in enumerate(parts):
        name = one[0] if named else number
        if named and one[0] in {"class", "instance", "path", "class path"}:
            name = (*one[1:2], *one[2:3]) if one[0] == "instance" else one[1:]
            name = one[1] if one[0] == "class" else name
        found[name if name not in found else number] = one
    return found


_PLACES = {"CLASS", "ASSOCIATION", "REFERENCE", "PROPERTY", "METHOD", "PARAMETER", "INDICATION"}

_FORMS: Mapping[type, Any] = {
    pywbem.CIMInstanceName: _path,
    pywbem.CIMClassName: _class_path,
    pywbem.CIMInstance: _instance,
    pywbem.CIMClass: _class,
    pywbem.CIMProperty: _property,
    pywbem.CIMMethod: _method,
    pywbem.CIMParameter: _parameter,
    pywbem.CIMQualifier: _qualifier,
    pywbem.CIMQualifierDeclaration: _declaration,
    pywbem.CIMDateTime: str,
}
