"""Hypothesis strategies for CIM objects: whatever can stand in a message, in canonical form."""

from hypothesis import strategies as st

from virtcim.wbem.objects import (
    ClassDeclaration,
    Flavor,
    Instance,
    InstanceProperty,
    Method,
    Parameter,
    Property,
    Qualifier,
    QualifierDeclaration,
    Scalar,
    Value,
)
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.types import INTEGER_RANGES, CIMType
from virtcim.wbem.values import parse_single

_UNWRITABLE = [*map(chr, (*range(9), 11, 12, *range(14, 32))), "\ufffe", "\uffff"]

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=_UNWRITABLE), max_size=20
)
"""Everything that XML 1.0 can carry."""

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
NAMESPACES = st.lists(
    st.from_regex(r"[a-z][a-z0-9._-]{0,5}", fullmatch=True), min_size=1, max_size=3
).map("/".join)
HOSTS = st.from_regex(r"[a-z][a-z0-9.-]{0,8}(:[0-9]{2,4})?", fullmatch=True)


def _datetime(parts: tuple[int, int, int, int, int, int]) -> str:
    year, month, day, hour, minute, micros = parts
    return f"{year:04}{month:02}{day:02}{hour:02}{minute:02}59.{micros:06}+060"


DATETIMES = st.one_of(
    st.tuples(
        st.integers(1, 9999),
        st.integers(1, 12),
        st.integers(1, 28),
        st.integers(0, 23),
        st.integers(0, 59),
        st.integers(0, 999999),
    ).map(_datetime),
    st.integers(0, 99999999).map(lambda days: f"{days:08}235959.000001:000"),
    st.sampled_from(["20260102******.******+000", "2026**********.******-300"]),
    st.sampled_from(["00000003******.******:000", "00000003010203.000***:000"]),
)


def _real32(value: float) -> float:
    """Return the shortest number that a single stands for, which is how it is read."""
    return parse_single(repr(value).upper())


_SCALARS: dict[CIMType, st.SearchStrategy[Scalar]] = {
    CIMType.BOOLEAN: st.booleans(),
    CIMType.STRING: TEXTS,
    CIMType.CHAR16: st.characters(
        max_codepoint=0xFFFD,
        exclude_categories=["Cs"],
        exclude_characters=_UNWRITABLE,
    ),
    CIMType.REAL32: st.floats(width=32, allow_nan=False).map(_real32),
    CIMType.REAL64: st.floats(allow_nan=False),
    CIMType.DATETIME: DATETIMES,
    **{kind: st.integers(*bounds) for kind, bounds in INTEGER_RANGES.items()},
}


def scalars(kind: CIMType) -> st.SearchStrategy[Scalar]:
    """Return values of a type; references are instance paths with a namespace."""
    return instance_paths(local=True) if kind is CIMType.REFERENCE else _SCALARS[kind]


def arrays(kind: CIMType) -> st.SearchStrategy[Value]:
    """Return arrays of a type, with NULL elements."""
    return st.lists(st.none() | scalars(kind), max_size=3).map(tuple)


SIMPLE_TYPES = st.sampled_from([kind for kind in CIMType if kind is not CIMType.REFERENCE])

_SIMPLE_KEYS: st.SearchStrategy[KeyValue] = (
    TEXTS
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)


@st.composite
def instance_paths(
    draw: st.DrawFn, *, local: bool = False, depth: int = 1, references: bool = True
) -> ObjectPath:
    """Return paths of instances; with `local` they have a namespace and no host."""
    names = draw(st.lists(NAMES, max_size=3, unique_by=str.lower))
    values = _SIMPLE_KEYS
    if depth and references:
        values = values | instance_paths(local=local, depth=depth - 1)
    keys = tuple((name, draw(values)) for name in names)
    namespace = draw(NAMESPACES if local else st.none() | NAMESPACES)
    host = None if local or namespace is None else draw(st.none() | HOSTS)
    return ObjectPath(draw(NAMES), keys, namespace, host)


@st.composite
def class_paths(draw: st.DrawFn) -> ObjectPath:
    """Return paths of classes."""
    namespace = draw(st.none() | NAMESPACES)
    host = None if namespace is None else draw(st.none() | HOSTS)
    return ObjectPath(draw(NAMES), None, namespace, host)


@st.composite
def instance_properties(draw: st.DrawFn, name: str) -> InstanceProperty:
    """Return a property with a value of any type."""
    if draw(st.booleans()) and draw(st.booleans()):
        return InstanceProperty(
            name=name,
            type=CIMType.REFERENCE,
            value=draw(st.none() | instance_paths() | class_paths()),
            reference_class=draw(st.none() | NAMES),
        )
    kind, is_array = draw(SIMPLE_TYPES), draw(st.booleans())
    value = draw(st.none() | (arrays(kind) if is_array else scalars(kind)))
    return InstanceProperty(name=name, type=kind, value=value, is_array=is_array)


@st.composite
def instances(draw: st.DrawFn) -> Instance:
    """Return instances without a path."""
    names = draw(st.lists(NAMES, max_size=4, unique_by=str.lower))
    return Instance(draw(NAMES), tuple(draw(instance_properties(name)) for name in names))


FLAVORS = st.builds(Flavor, st.booleans(), st.booleans(), st.booleans())


@st.composite
def qualifiers(draw: st.DrawFn) -> Qualifier:
    """Return qualifiers as written on an element."""
    kind = draw(SIMPLE_TYPES)
    value = draw(st.none() | arrays(kind) | scalars(kind))
    return Qualifier(draw(NAMES), kind, value, draw(FLAVORS), propagated=draw(st.booleans()))


_QUALIFIERS = st.lists(qualifiers(), max_size=2).map(tuple)


@st.composite
def properties(draw: st.DrawFn) -> Property:
    """Return declarations of properties."""
    item = draw(instance_properties(draw(NAMES)))
    return Property(
        name=item.name,
        type=item.type,
        is_array=item.is_array,
        array_size=draw(st.none() | st.integers(1, 9)) if item.is_array else None,
        value=item.value,
        reference_class=item.reference_class,
        embedding=draw(st.sampled_from(["instance", "object", None]))
        if item.type is CIMType.STRING
        else None,
        class_origin=draw(st.just("") | NAMES),
        propagated=draw(st.booleans()),
        qualifiers=draw(_QUALIFIERS),
    )


@st.composite
def parameters(draw: st.DrawFn) -> Parameter:
    """Return declarations of method parameters."""
    kind, is_array = draw(st.sampled_from(CIMType)), draw(st.booleans())
    return Parameter(
        name=draw(NAMES),
        type=kind,
        is_array=is_array,
        array_size=draw(st.none() | st.integers(1, 9)) if is_array else None,
        reference_class=draw(st.none() | NAMES) if kind is CIMType.REFERENCE else None,
        qualifiers=draw(_QUALIFIERS),
    )


METHODS = st.builds(
    Method,
    name=NAMES,
    return_type=SIMPLE_TYPES,
    parameters=st.lists(parameters(), max_size=3).map(tuple),
    class_origin=st.just("") | NAMES,
    propagated=st.booleans(),
    qualifiers=_QUALIFIERS,
)
CLASSES = st.builds(
    ClassDeclaration,
    name=NAMES,
    superclass=st.none() | NAMES,
    properties=st.lists(properties(), max_size=3).map(tuple),
    methods=st.lists(METHODS, max_size=2).map(tuple),
    qualifiers=_QUALIFIERS,
)

SCOPES = ("CLASS", "ASSOCIATION", "REFERENCE", "PROPERTY", "METHOD", "PARAMETER", "INDICATION")


@st.composite
def qualifier_declarations(draw: st.DrawFn) -> QualifierDeclaration:
    """Return declarations of qualifier types."""
    kind, is_array = draw(SIMPLE_TYPES), draw(st.booleans())
    value = draw(st.none() | (arrays(kind) if is_array else scalars(kind)))
    scopes = draw(st.frozensets(st.sampled_from(SCOPES)))
    return QualifierDeclaration(draw(NAMES), kind, is_array, value, scopes, draw(FLAVORS))
