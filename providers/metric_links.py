"""Rows of the association table: what is measured of which element (DSP1053)."""

from collections.abc import Iterator, Mapping

from virtcim.providers import views
from virtcim.providers.associations import Association, Link, Row, Walk
from virtcim.providers.device_links import SYSTEM
from virtcim.providers.metrics import DEFINITION, METRICS, VALUE, Element, definition_id
from virtcim.providers.model import HostModel
from virtcim.providers.walks import every, of_domain
from virtcim.schema.layouts import Record

_MEASURED: Mapping[str, Element] = {
    # family              what its metrics are measured of
    SYSTEM:             Element.DOMAIN,
    views.PROCESSOR:    Element.PROCESSOR,
    views.DISK:         Element.DISK,
    views.NETWORK_PORT: Element.PORT,
}  # fmt: skip

_ENABLED, _DISABLED = 2, 3  # CIM_MetricDefForME.MetricCollectionEnabled


def _definitions(element: Element) -> Walk:
    """Return a walk to the definitions of the metrics of a kind of element."""
    return lambda model, _source: _definitions_of(model, element)


def _definitions_of(model: HostModel, element: Element) -> tuple[Record, ...]:
    def find() -> tuple[Record, ...]:
        ids = {definition_id(model.host.prefix, m) for m in METRICS if m.element is element}
        return tuple(r for r in model.provider(DEFINITION).records() if r["Id"] in ids)

    return model.derive((_definitions_of, element), model.host.prefix, find)


def _elements(family: str, element: Element) -> Walk:
    """Return a walk from a definition to all elements of the kind that it is measured of."""

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        ids = {definition_id(model.host.prefix, m) for m in METRICS if m.element is element}
        if source["Id"] in ids:
            yield from model.provider(family).records()

    return walk


def _values(key: str) -> Walk:
    """Return a walk from an element, whose key this is, to its values."""
    measured = of_domain(VALUE, "Name" if key == "Name" else "SystemName")

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        wanted = source[key]
        return (r for r in measured(model, source) if r["MeasuredElementName"] == wanted)

    return walk


def _element(family: str, key: str) -> Walk:
    """Return a walk from a value to the element that it was measured of."""

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        domain, wanted = model.owner(source), source["MeasuredElementName"]
        if domain is not None:
            records = model.parts(family).records_of(domain)
            yield from (record for record in records if record[key] == wanted)

    return walk


def _values_of_definition(model: HostModel, source: Record) -> Iterator[Record]:
    wanted = source["Id"]
    return (r for r in model.provider(VALUE).records() if r["MetricDefinitionId"] == wanted)


def _definition_of_value(model: HostModel, source: Record) -> Iterator[Record]:
    wanted = source["MetricDefinitionId"]
    return (r for r in every(DEFINITION)(model, source) if r["Id"] == wanted)


def _collection(link: Link) -> int:
    return _ENABLED if link.model.host.sample.at is not None else _DISABLED


def _key(family: str) -> str:
    return "Name" if family == SYSTEM else "DeviceID"


METRIC_LINKS: tuple[Association, ...] = (
    # family                       first end, second end, and the walks between them
    Association("Virt_MetricDefForME", tuple(
        Row(family, DEFINITION, _definitions(element), _elements(family, element))
        for family, element in _MEASURED.items()
    ), properties={"MetricCollectionEnabled": _collection}),
    Association("Virt_MetricForME", tuple(
        Row(family, VALUE, _values(_key(family)), _element(family, _key(family)))
        for family in _MEASURED
    )),
    Association("Virt_MetricInstance", (
        Row(DEFINITION, VALUE, _values_of_definition, _definition_of_value),
    )),
)  # fmt: skip
