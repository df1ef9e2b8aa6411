"""Which class an operation is about: for log lines, metrics and rights."""

from collections.abc import Callable

from virtcim.wbem import operations as ops
from virtcim.wbem.objects import ClassDeclaration, Instance
from virtcim.wbem.paths import ObjectPath

# Fields that name what an operation works on; no operation has two of them.
_FIELDS = (
    "class_name",
    "instance_name",
    "object_name",
    "target",
    "new_instance",
    "modified_instance",
    "new_indication",
    "new_class",
    "modified_class",
)

ClassOf = Callable[[ops.Operation], str | None]
_READERS: dict[type[ops.Operation], ClassOf] = {}


def class_of(asked: ops.Operation) -> str | None:
    """Return the class that an operation names, as the client spelt it; None when it names none."""
    kind = type(asked)
    reader = _READERS.get(kind)
    if reader is None:
        reader = _READERS[kind] = _reader(kind)
    return reader(asked)


def _reader(kind: type[ops.Operation]) -> ClassOf:
    for name in _FIELDS:
        if name in kind.__dataclass_fields__:
            return lambda asked: _class_name(getattr(asked, name))
    return lambda _asked: None


def _class_name(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, ObjectPath):
        return value.class_name
    if isinstance(value, Instance):
        return value.class_name
    return value.name if isinstance(value, ClassDeclaration) else None
