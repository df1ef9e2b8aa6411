"""MOF text to declarations, through pywbem's compiler.

The only module that touches pywbem inside the server: its objects are untyped, so they are turned
into ours here and nowhere else. Classes come out as declared, without inherited elements.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from virtcim.schema.repository import Repository
from virtcim.wbem.objects import (
    ClassDeclaration,
    Embedding,
    Flavor,
    Method,
    Parameter,
    Property,
    Qualifier,
    QualifierDeclaration,
    Value,
    qualifier_value,
)
from virtcim.wbem.types import CIMType
from virtcim.wbem.values import parse_char16

_NAMESPACE = "root"


class MOFError(Exception):
    """A MOF file does not compile; the text has file, line and the compiler's words."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a MOF file declares, each in an order in which it can be added to a repository."""

    qualifiers: tuple[QualifierDeclaration, ...]
    classes: tuple[ClassDeclaration, ...]


def compile_mof(path: Path, upon: Repository | None = None) -> Compiled:
    """Compile a MOF file with everything that it includes; raises MOFError.

    upon: what is there already, and not compiled again. Without it, instances are left out.
    """
    import pywbem  # noqa: PLC0415 (a tenth of a second that only this function needs)

    connection = pywbem.MOFWBEMConnection()
    if upon is not None:
        _know(pywbem, connection, upon)
    before = tuple(connection.qualifiers.get(_NAMESPACE, {}).values())
    compiler = pywbem.MOFCompiler(connection, search_paths=[str(path.parent)], log_func=None)
    try:
        compiler.compile_file(str(path), _NAMESPACE)
    except (pywbem.MOFCompileError, OSError, ValueError) as error:
        # ValueError is what the compiler lets through: a value of another type, text of no UTF-8.
        raise MOFError(f"{path}: {error}") from None
    if upon is not None and connection.instances.get(_NAMESPACE):
        raise MOFError(f"{path}: instances are not compiled here, only qualifiers and classes")
    made = connection.classes.get(_NAMESPACE, {})
    known = {id(one) for one in before}
    return declarations(
        [q for q in connection.qualifiers.get(_NAMESPACE, {}).values() if id(q) not in known],
        (made[name] for name in dict.fromkeys(connection.compile_ordered_classnames)),
        () if upon is None else upon.qualifiers(),
    )


def _know(pywbem: Any, connection: Any, repository: Repository) -> None:
    """Let the compiler know a repository: that classes are there, and the qualifiers."""
    for one in repository.qualifiers():
        connection.SetQualifier(_as_pywbem(pywbem, one), namespace=_NAMESPACE)
    for each in repository:
        # An empty class will do: that it is there is all that is asked.
        connection.CreateClass(pywbem.CIMClass(each.name), namespace=_NAMESPACE)
    connection.compile_ordered_classnames.clear()


def _as_pywbem(pywbem: Any, one: QualifierDeclaration) -> Any:
    return pywbem.CIMQualifierDeclaration(
        one.name,
        one.type.value,
        value=list(one.value) if isinstance(one.value, tuple) else one.value,
        is_array=one.is_array,
        scopes=dict.fromkeys(one.scopes, True),
        overridable=one.flavor.overridable,
        tosubclass=one.flavor.to_subclass,
        translatable=one.flavor.translatable,
    )


def declarations(
    qualifiers: Iterable[Any],
    classes: Iterable[Any],
    known: Iterable[QualifierDeclaration] = (),
) -> Compiled:
    """Return pywbem's qualifier declarations and classes as ours.

    qualifiers, known: every one that the classes use, since what a use leaves open is as declared.
    """
    declared = tuple(_qualifier_declaration(one) for one in qualifiers)
    flavors = {one.name.lower(): one.flavor for one in (*known, *declared)}
    return Compiled(declared, tuple(_class(one, flavors) for one in classes))


def _value(value: Any, kind: CIMType) -> Value:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list):
        return tuple(_value(element, kind) for element in value)  # type: ignore[misc]
    if isinstance(value, int):
        return int(value)
    if kind is CIMType.CHAR16:  # pywbem leaves it as the MOF has it
        return parse_char16(str(value))
    return float(value) if isinstance(value, float) else str(value)


def _flavor(source: Any, declared: Flavor) -> Flavor:
    """Return the flavor of a qualifier; what it leaves open is as declared."""

    def pick(value: bool | None, default: bool) -> bool:  # noqa: FBT001
        return default if value is None else bool(value)

    return Flavor(
        overridable=pick(source.overridable, declared.overridable),
        to_subclass=pick(source.tosubclass, declared.to_subclass),
        translatable=pick(source.translatable, declared.translatable),
    )


def _qualifier_declaration(source: Any) -> QualifierDeclaration:
    scopes = frozenset(str(name).upper() for name, on in source.scopes.items() if on)
    return QualifierDeclaration(
        str(source.name),
        CIMType(source.type),
        bool(source.is_array),
        _value(source.value, CIMType(source.type)),
        scopes,
        _flavor(source, Flavor()),
    )


def _qualifiers(source: Any, flavors: dict[str, Flavor]) -> tuple[Qualifier, ...]:
    return tuple(
        Qualifier(
            str(q.name),
            CIMType(q.type),
            _value(q.value, CIMType(q.type)),
            _flavor(q, flavors.get(str(q.name).lower(), Flavor())),
        )
        for q in source.qualifiers.values()
    )


def _embedding(qualifiers: Iterable[Qualifier]) -> Embedding | None:
    found = tuple(qualifiers)
    if qualifier_value(found, "EmbeddedInstance") is not None:
        return "instance"
    return "object" if qualifier_value(found, "EmbeddedObject") else None


def _property(source: Any, flavors: dict[str, Flavor]) -> Property:
    qualifiers = _qualifiers(source, flavors)
    return Property(
        name=str(source.name),
        type=CIMType(source.type),
        is_array=bool(source.is_array),
        array_size=source.array_size,
        value=_value(source.value, CIMType(source.type)),
        reference_class=source.reference_class,
        embedding=_embedding(qualifiers),
        qualifiers=qualifiers,
    )


def _parameter(source: Any, flavors: dict[str, Flavor]) -> Parameter:
    qualifiers = _qualifiers(source, flavors)
    return Parameter(
        name=str(source.name),
        type=CIMType(source.type),
        is_array=bool(source.is_array),
        array_size=source.array_size,
        reference_class=source.reference_class,
        embedding=_embedding(qualifiers),
        qualifiers=qualifiers,
    )


def _method(source: Any, flavors: dict[str, Flavor]) -> Method:
    return Method(
        name=str(source.name),
        return_type=CIMType(source.return_type),
        parameters=tuple(_parameter(p, flavors) for p in source.parameters.values()),
        qualifiers=_qualifiers(source, flavors),
    )


def _class(source: Any, flavors: dict[str, Flavor]) -> ClassDeclaration:
    return ClassDeclaration(
        name=str(source.classname),
        superclass=source.superclass,
        properties=tuple(_property(p, flavors) for p in source.properties.values()),
        methods=tuple(_method(m, flavors) for m in source.methods.values()),
        qualifiers=_qualifiers(source, flavors),
    )
