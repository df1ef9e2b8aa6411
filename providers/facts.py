"""Facts of a job as an embedded instance: one property for each."""

import json
from collections.abc import Mapping

from virtcim.infostore.jobs import JSON
from virtcim.wbem.objects import Instance, InstanceProperty, Value
from virtcim.wbem.types import CIMType

CLASS = "__MethodParameters"
"""What the parameters of a method are an instance of (DSP0004, CIM_InstMethodCall)."""

_TYPES: Mapping[type, CIMType] = {
    bool:  CIMType.BOOLEAN,
    int:   CIMType.SINT64,
    float: CIMType.REAL64,
    str:   CIMType.STRING,
}  # fmt: skip


def instance_of(facts: Mapping[str, JSON]) -> Instance:
    """Return facts as an instance; lists of texts are arrays, all that is deeper is JSON."""
    return Instance(CLASS, tuple(_property(name, value) for name, value in facts.items()))


def _property(name: str, value: JSON) -> InstanceProperty:
    kind = _TYPES.get(type(value))
    if kind is not None:
        return InstanceProperty(name=name, type=kind, value=_scalar(value))
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        texts = tuple(str(one) for one in value)
        return InstanceProperty(name=name, type=CIMType.STRING, value=texts, is_array=True)
    text = None if value is None else json.dumps(value)
    return InstanceProperty(name=name, type=CIMType.STRING, value=text)


def _scalar(value: JSON) -> Value:
    return value if isinstance(value, bool | int | float | str) else None
