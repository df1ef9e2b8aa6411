"""CIM_MethodResult: how a job was called, and what the call has given (DSP1103)."""

from collections.abc import Iterable, Mapping

from virtcim.infostore.jobs import JobRecord
from virtcim.jobs.states import FINAL
from virtcim.providers.concrete_job import JobView
from virtcim.providers.facts import instance_of
from virtcim.providers.families import HostFamily
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import JobState
from virtcim.wbem.objects import Instance, InstanceProperty
from virtcim.wbem.types import CIMType

FAMILY = "Virt_MethodResult"

_CALL = "CIM_InstMethodCall"


def _call(record: JobRecord, *, pre_call: bool) -> Instance | None:
    if not pre_call and JobState(record.state) not in FINAL:
        return None
    facts = record.parameters if pre_call else {**record.parameters, **record.result}
    value = None if pre_call else str(record.error_code)
    return Instance(
        _CALL,
        (
            InstanceProperty(name="MethodName", type=CIMType.STRING, value=record.method),
            InstanceProperty(
                name="MethodParameters",
                type=CIMType.STRING,
                value=instance_of(facts),
                embedding="object",
            ),
            InstanceProperty(name="ReturnValue", type=CIMType.STRING, value=value),
            InstanceProperty(name="PreCall", type=CIMType.BOOLEAN, value=pre_call),
        ),
    )


PROPERTIES: Mapping[str, Getter] = {
    # v is a JobView
    "InstanceID":         lambda v: v.record.id,
    "ElementName":        lambda v: v.record.method,
    "Caption":            lambda v: f"Call of {v.record.method}"[:64],
    "Description":        lambda v: f"Call of {v.record.method} for {v.record.domain_name}",
    "PreCallIndication":  lambda v: _call(v.record, pre_call=True),
    "PostCallIndication": lambda v: _call(v.record, pre_call=False),
}  # fmt: skip


def _parts(model: HostModel) -> Iterable[JobView]:
    return (JobView(model, job) for job in model.jobs)


FAMILIES = (
    HostFamily(name=FAMILY, getters=PROPERTIES, parts=_parts, given=lambda model: model.jobs),
)
