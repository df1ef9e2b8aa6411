"""The operations of DSP0200 section 5.3 and the extrinsic call, as frozen data.

Field names are the parameter names in snake case, defaults are the document's. A protocol decoder
builds one of these; the broker executes it; neither knows the other.
"""

from dataclasses import dataclass

from virtcim.wbem.objects import ClassDeclaration, Instance, QualifierDeclaration, Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.types import CIMType

Names = tuple[str, ...] | None
"""A PropertyList: None is "all", the empty tuple is "none"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What every operation has: the namespace it works in, as the client spelt it."""

    namespace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Operation):
    """An operation that may change something and so may take time."""


# Classes and qualifiers


@dataclass(frozen=True, slots=True, kw_only=True)
class GetClass(Operation):
    class_name: str
    local_only: bool = True
    include_qualifiers: bool = True
    include_class_origin: bool = False
    property_list: Names = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumerateClasses(Operation):
    class_name: str | None = None
    deep_inheritance: bool = False
    local_only: bool = True
    include_qualifiers: bool = True
    include_class_origin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumerateClassNames(Operation):
    class_name: str | None = None
    deep_inheritance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateClass(Change):
    new_class: ClassDeclaration


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyClass(Change):
    modified_class: ClassDeclaration


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteClass(Change):
    class_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GetQualifier(Operation):
    qualifier_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumerateQualifiers(Operation):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class SetQualifier(Change):
    qualifier_declaration: QualifierDeclaration


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteQualifier(Change):
    qualifier_name: str


# Instances


@dataclass(frozen=True, slots=True, kw_only=True)
class GetInstance(Operation):
    instance_name: ObjectPath
    local_only: bool = True
    include_qualifiers: bool = False
    include_class_origin: bool = False
    property_list: Names = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumerateInstances(Operation):
    class_name: str
    local_only: bool = True
    deep_inheritance: bool = True
    include_qualifiers: bool = False
    include_class_origin: bool = False
    property_list: Names = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumerateInstanceNames(Operation):
    class_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateInstance(Change):
    new_instance: Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyInstance(Change):
    modified_instance: Instance
    include_qualifiers: bool = True
    property_list: Names = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteInstance(Change):
    instance_name: ObjectPath


@dataclass(frozen=True, slots=True, kw_only=True)
class GetProperty(Operation):
    instance_name: ObjectPath
    property_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetProperty(Change):
    instance_name: ObjectPath
    property_name: str
    new_value: Value = None


# Associations: object_name is an instance path, or a class path


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociatorNames(Operation):
    object_name: ObjectPath
    assoc_class: str | None = None
    result_class: str | None = None
    role: str | None = None
    result_role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Associators(AssociatorNames):
    include_qualifiers: bool = False
    include_class_origin: bool = False
    property_list: Names = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceNames(Operation):
    object_name: ObjectPath
    result_class: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class References(ReferenceNames):
    include_qualifiers: bool = False
    include_class_origin: bool = False
    property_list: Names = None


# Queries and pulled enumerations


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecQuery(Operation):
    query_language: str
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening(Operation):
    """What all Open operations share (DSP0200 section 5.3.2.24)."""

    operation_timeout: int | None = None
    continue_on_error: bool = False
    max_object_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Open(Opening):
    """What those share that may have a filter."""

    filter_query_language: str | None = None
    filter_query: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEnumerateInstances(Open):
    class_name: str
    deep_inheritance: bool = True
    include_class_origin: bool = False
    property_list: Names = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEnumerateInstancePaths(Open):
    class_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReferenceInstancePaths(Open):
    instance_name: ObjectPath
    result_class: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReferenceInstances(OpenReferenceInstancePaths):
    include_class_origin: bool = False
    property_list: Names = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAssociatorInstancePaths(Open):
    instance_name: ObjectPath
    assoc_class: str | None = None
    result_class: str | None = None
    role: str | None = None
    result_role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAssociatorInstances(OpenAssociatorInstancePaths):
    include_class_origin: bool = False
    property_list: Names = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQueryInstances(Opening):
    filter_query: str
    filter_query_language: str
    return_query_result_class: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Continued(Operation):
    """What all operations on an open enumeration share; its context is a secret."""

    enumeration_context: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullInstancesWithPath(Continued):
    max_object_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PullInstancePaths(PullInstancesWithPath):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class PullInstances(PullInstancesWithPath):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseEnumeration(Continued):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumerationCount(Continued):
    pass


# Exports


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportIndication(Change):
    """An indication that another server delivers here; it belongs to no namespace of ours."""

    new_indication: Instance


# Extrinsic calls


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument as sent: `type` is None when the client left it to the method's signature.

    Without a type, simple values are still text; with one they are of that type.
    """

    name: str
    type: CIMType | None
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeMethod(Change):
    """A method call on an instance, or on a class when the path has no keys."""

    target: ObjectPath
    method: str
    arguments: tuple[Argument, ...] = ()
