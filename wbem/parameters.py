"""The table of intrinsic operations: wire name, parameters and how each is read.

Parameter names compare without case (DSP0201 section 5.2.5); defaults live in operations.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from virtcim.wbem import operations as ops
from virtcim.wbem.objects import ClassDeclaration, Instance, QualifierDeclaration, Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.reading import (
    LONGEST_NAME,
    Element,
    attribute,
    expect,
    only_child,
    read_class,
    read_class_name,
    read_instance,
    read_instance_name,
    read_named_instance,
    read_qualifier_declaration,
    read_untyped_value,
    text_of,
)
from virtcim.wbem.refusal import not_valid
from virtcim.wbem.values import parse_boolean, parse_integer


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """One parameter: its wire name, the operation's field, and the reader of IPARAMVALUE."""

    name: str
    field: str
    read: Callable[[Element], object]


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """One operation: its class, its parameters and the required ones, by lower-case wire name."""

    name: str
    operation: Callable[..., ops.Operation]
    parameters: Mapping[str, ParameterSpec]
    required: tuple[str, ...]


MOST_NAMES = 1000
"""Names in a PropertyList."""

# Readers of IPARAMVALUE


def _text(element: Element) -> str:
    return text_of(expect(only_child(element), "VALUE"))


def _name(element: Element) -> str:
    """Read a name given as VALUE or, by some clients, as CLASSNAME."""
    child = expect(only_child(element), "CLASSNAME", "VALUE")
    return attribute(child, "NAME") if child.tag == "CLASSNAME" else text_of(child).strip()


def _boolean(element: Element) -> bool:
    try:
        return parse_boolean(_text(element))
    except ValueError as error:
        raise not_valid(f"{element.get('NAME')}: {error}") from None


def _unsigned(element: Element) -> int:
    try:
        value = parse_integer(_text(element))
    except ValueError as error:
        raise not_valid(f"{element.get('NAME')}: {error}") from None
    if not 0 <= value < 2**32:
        raise not_valid(f"{element.get('NAME')}: {value} is not a uint32")
    return value


def _names(element: Element) -> tuple[str, ...]:
    array = expect(only_child(element), "VALUE.ARRAY")
    names: tuple[str, ...] = ()
    if len(array) <= MOST_NAMES:
        names = tuple([text_of(expect(child, "VALUE")).strip() for child in array])
    if len(array) > MOST_NAMES or any(len(name) > LONGEST_NAME for name in names):
        raise not_valid(f"{element.get('NAME')} has more or longer names than any class")
    return names


def _class_name(element: Element) -> str:
    return read_class_name(expect(only_child(element), "CLASSNAME")).class_name


def _instance_name(element: Element) -> ObjectPath:
    return read_instance_name(expect(only_child(element), "INSTANCENAME"))


def _object_name(element: Element) -> ObjectPath:
    child = expect(only_child(element), "INSTANCENAME", "CLASSNAME")
    return read_instance_name(child) if child.tag == "INSTANCENAME" else read_class_name(child)


def _value(element: Element) -> Value:
    return read_untyped_value(only_child(element))


def _class(element: Element) -> ClassDeclaration:
    return read_class(expect(only_child(element), "CLASS"))


def _instance(element: Element) -> Instance:
    return read_instance(expect(only_child(element), "INSTANCE"))


def _named_instance(element: Element) -> Instance:
    return read_named_instance(expect(only_child(element), "VALUE.NAMEDINSTANCE"))


def _qualifier_declaration(element: Element) -> QualifierDeclaration:
    return read_qualifier_declaration(expect(only_child(element), "QUALIFIER.DECLARATION"))


# The table

_PARAMETERS: Mapping[str, tuple[str, Callable[[Element], object]]] = {
    # wire name               field                       reader
    "AssocClass":            ("assoc_class",               _class_name),
    "ClassName":             ("class_name",                _class_name),
    "ContinueOnError":       ("continue_on_error",         _boolean),
    "DeepInheritance":       ("deep_inheritance",          _boolean),
    "EnumerationContext":    ("enumeration_context",       _text),
    "FilterQuery":           ("filter_query",              _text),
    "FilterQueryLanguage":   ("filter_query_language",     _text),
    "IncludeClassOrigin":    ("include_class_origin",      _boolean),
    "IncludeQualifiers":     ("include_qualifiers",        _boolean),
    "InstanceName":          ("instance_name",             _instance_name),
    "LocalOnly":             ("local_only",                _boolean),
    "MaxObjectCount":        ("max_object_count",          _unsigned),
    "ModifiedClass":         ("modified_class",            _class),
    "ModifiedInstance":      ("modified_instance",         _named_instance),
    "NewClass":              ("new_class",                 _class),
    "NewInstance":           ("new_instance",              _instance),
    "NewValue":              ("new_value",                 _value),
    "ObjectName":            ("object_name",               _object_name),
    "OperationTimeout":      ("operation_timeout",         _unsigned),
    "PropertyList":          ("property_list",             _names),
    "PropertyName":          ("property_name",             _text),
    "QualifierDeclaration":  ("qualifier_declaration",     _qualifier_declaration),
    "QualifierName":         ("qualifier_name",            _text),
    "Query":                 ("query",                     _text),
    "QueryLanguage":         ("query_language",            _text),
    "ResultClass":           ("result_class",              _class_name),
    "ResultRole":            ("result_role",               _name),
    "ReturnQueryResultClass": ("return_query_result_class", _boolean),
    "Role":                  ("role",                      _name),
}  # fmt: skip

_SELECTION = "IncludeQualifiers IncludeClassOrigin PropertyList"
_OPEN = "FilterQueryLanguage FilterQuery OperationTimeout ContinueOnError MaxObjectCount"
_PULLED = "IncludeClassOrigin PropertyList"

_OPERATIONS: tuple[tuple[Callable[..., ops.Operation], str, str], ...] = (
    # operation                      required parameters              optional parameters
    (ops.GetClass,                   "ClassName",                     f"LocalOnly {_SELECTION}"),
    (ops.EnumerateClasses,           "",
     "ClassName DeepInheritance LocalOnly IncludeQualifiers IncludeClassOrigin"),
    (ops.EnumerateClassNames,        "",                              "ClassName DeepInheritance"),
    (ops.CreateClass,                "NewClass",                      ""),
    (ops.ModifyClass,                "ModifiedClass",                 ""),
    (ops.DeleteClass,                "ClassName",                     ""),
    (ops.GetQualifier,               "QualifierName",                 ""),
    (ops.EnumerateQualifiers,        "",                              ""),
    (ops.SetQualifier,               "QualifierDeclaration",          ""),
    (ops.DeleteQualifier,            "QualifierName",                 ""),
    (ops.GetInstance,                "InstanceName",                  f"LocalOnly {_SELECTION}"),
    (ops.EnumerateInstances,         "ClassName",
     f"LocalOnly DeepInheritance {_SELECTION}"),
    (ops.EnumerateInstanceNames,     "ClassName",                     ""),
    (ops.CreateInstance,             "NewInstance",                   ""),
    (ops.ModifyInstance,             "ModifiedInstance",  "IncludeQualifiers PropertyList"),
    (ops.DeleteInstance,             "InstanceName",                  ""),
    (ops.GetProperty,                "InstanceName PropertyName",     ""),
    (ops.SetProperty,                "InstanceName PropertyName",     "NewValue"),
    (ops.Associators,                "ObjectName",
     f"AssocClass ResultClass Role ResultRole {_SELECTION}"),
    (ops.AssociatorNames,            "ObjectName",       "AssocClass ResultClass Role ResultRole"),
    (ops.References,                 "ObjectName",       f"ResultClass Role {_SELECTION}"),
    (ops.ReferenceNames,             "ObjectName",                    "ResultClass Role"),
    (ops.ExecQuery,                  "QueryLanguage Query",           ""),
    (ops.OpenEnumerateInstances,     "ClassName",        f"DeepInheritance {_PULLED} {_OPEN}"),
    (ops.OpenEnumerateInstancePaths, "ClassName",                     _OPEN),
    (ops.OpenReferenceInstances,     "InstanceName",     f"ResultClass Role {_PULLED} {_OPEN}"),
    (ops.OpenReferenceInstancePaths, "InstanceName",     f"ResultClass Role {_OPEN}"),
    (ops.OpenAssociatorInstances,    "InstanceName",
     f"AssocClass ResultClass Role ResultRole {_PULLED} {_OPEN}"),
    (ops.OpenAssociatorInstancePaths, "InstanceName",
     f"AssocClass ResultClass Role ResultRole {_OPEN}"),
    (ops.OpenQueryInstances,         "FilterQuery FilterQueryLanguage",
     "ReturnQueryResultClass OperationTimeout ContinueOnError MaxObjectCount"),
    (ops.PullInstancesWithPath,      "EnumerationContext MaxObjectCount", ""),
    (ops.PullInstancePaths,          "EnumerationContext MaxObjectCount", ""),
    (ops.PullInstances,              "EnumerationContext MaxObjectCount", ""),
    (ops.CloseEnumeration,           "EnumerationContext",            ""),
    (ops.EnumerationCount,           "EnumerationContext",            ""),
)  # fmt: skip


def _spec(operation: Callable[..., ops.Operation], required: str, optional: str) -> OperationSpec:
    names = (*required.split(), *optional.split())
    return OperationSpec(
        operation.__name__,
        operation,
        {name.lower(): ParameterSpec(name, *_PARAMETERS[name]) for name in names},
        tuple(name.lower() for name in required.split()),
    )


OPERATIONS: Mapping[str, OperationSpec] = {
    row[0].__name__.lower(): _spec(*row) for row in _OPERATIONS
}
"""The specification of each operation by its lower-case name."""
