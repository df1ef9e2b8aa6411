"""Metrics: the table, the definitions, and values of domains and their devices."""

from dataclasses import fields

import pytest

from tests.hypervisors.standing import facts_of
from tests.providers.handmade import (
    PREFIX,
    domain_text,
    found_again,
    model_of,
    provider,
    records,
    told,
)
from virtcim.hypervisors.model import DomainFacts, DomainUUID
from virtcim.hypervisors.resources import (
    BlockStatistics,
    DomainStatistics,
    InterfaceStatistics,
    VCPUStatistics,
)
from virtcim.providers.metrics import DEFINITION, METRICS, VALUE, Element
from virtcim.providers.model import HostModel
from virtcim.wbem.types import timestamp

MAC = "52:54:00:12:34:56"
NIC = (
    f"<interface type='network'><mac address='{MAC}'/><source network='default'/>"
    "<target dev='vnet3'/></interface>"
)
BLOCK = BlockStatistics(
    target="vda",
    read_requests=1,
    read_bytes=2**40,
    read_time=3,
    write_requests=0,
    write_bytes=None,
    write_time=None,
    flush_requests=None,
    flush_time=None,
    errors=None,
    allocation=4096,
    capacity=8192,
    physical=4096,
)


def interface(target: str) -> InterfaceStatistics:
    """Return counters of an interface."""
    return InterfaceStatistics(
        target=target,
        receive_bytes=10,
        receive_packets=None,
        receive_errors=None,
        receive_drops=None,
        transmit_bytes=20,
        transmit_packets=None,
        transmit_errors=None,
        transmit_drops=None,
    )


STATISTICS = DomainStatistics(
    cpu_time=5_000_000_000,
    memory_actual=2**30,
    vcpus=(VCPUStatistics(number=1, time=7, wait=None),),
    blocks=(BLOCK,),
    interfaces=(interface("vnet3"), interface("vnet9")),
)


def running(name: str = "demo", number: int = 1) -> DomainFacts:
    """Return a domain that runs."""
    text = domain_text(name, NIC, number)
    return facts_of(text, text, number=number)


def model_with(*domains: DomainFacts) -> HostModel:
    """Return a model where each domain has the same counters."""
    return model_of(*domains, statistics={one.uuid: STATISTICS for one in domains})


# The table


def test_every_counter_is_a_metric() -> None:
    """Each field of the statistics that is a number stands in the table, and nothing else does."""
    kinds = {
        Element.DOMAIN: DomainStatistics,
        Element.PROCESSOR: VCPUStatistics,
        Element.DISK: BlockStatistics,
        Element.PORT: InterfaceStatistics,
    }
    others = {"target", "number", "vcpus", "blocks", "interfaces"}
    for element, kind in kinds.items():
        sources = [metric.source for metric in METRICS if metric.element is element]
        assert sorted(sources) == sorted({one.name for one in fields(kind)} - others)


def test_names_are_unique() -> None:
    """No two metrics share a name, so ids of definitions and of values are unique."""
    assert len({metric.name for metric in METRICS}) == len(METRICS)


# Definitions


def test_definitions() -> None:
    """One for each metric; a counter counts since the start, a gauge is of a point in time."""
    model = model_of()
    found = {record["Name"]: record for record in records(model, DEFINITION)}
    assert list(found) == [metric.name for metric in METRICS]
    names = ("Id", "Units", "ChangeType", "TimeScope", "Calculable", "DataType", "GatheringType")
    assert told(found["BlockReadBytes"], *names) == (
        f"{PREFIX}:BlockReadBytes", "byte", 3, 4, 2, 13, 3,
    )  # fmt: skip
    assert told(found["MemoryActual"], *names) == (
        f"{PREFIX}:MemoryActual", "byte", 4, 2, 3, 13, 3,
    )  # fmt: skip
    assert told(found["CPUTime"], "ProgrammaticUnits") == ("second*10^-9",)
    assert found_again(model, DEFINITION) == records(model, DEFINITION)


# Values


def test_values_of_a_domain() -> None:
    """What the sample has is there, what it has not told is not; an unknown interface is left."""
    values = {r["InstanceID"]: r["MetricValue"] for r in records(model_with(running()), VALUE)}
    assert values == {
        "KVM:demo/CPUTime": "5000000000",
        "KVM:demo/MemoryActual": "1073741824",
        "KVM:demo/1/ProcessorTime": "7",
        "KVM:demo/vda/BlockReadRequests": "1",
        "KVM:demo/vda/BlockReadBytes": "1099511627776",
        "KVM:demo/vda/BlockReadTime": "3",
        "KVM:demo/vda/BlockWriteRequests": "0",
        "KVM:demo/vda/BlockAllocation": "4096",
        "KVM:demo/vda/BlockCapacity": "8192",
        "KVM:demo/vda/BlockPhysical": "4096",
        f"KVM:demo/{MAC}/NetworkReceiveBytes": "10",
        f"KVM:demo/{MAC}/NetworkTransmitBytes": "20",
    }


def test_a_value_names_what_was_measured() -> None:
    """The domain's name or the DeviceID, the definition's Id, and the moment of the sample."""
    model = model_with(running())
    ids = {record["Id"] for record in records(model, DEFINITION)}
    for record in records(model, VALUE):
        element, definition = told(record, "MeasuredElementName", "MetricDefinitionId")
        assert definition in ids
        metric = str(definition).partition(":")[2]
        assert record["InstanceID"] == f"{PREFIX}:{element}/{metric}"
        assert model.host.sample.at is not None
        assert record["TimeStamp"] == timestamp(model.host.sample.at)
        assert record["Duration"] == "00000000000000.000000:000"


def test_values_are_found_by_their_ids() -> None:
    """Also those of a domain whose name has a slash, beside one that is named as its beginning."""
    model = model_with(running("a"), running("a/b", number=2))
    assert len(records(model, VALUE)) == 24
    assert found_again(model, VALUE) == records(model, VALUE)


@pytest.mark.parametrize("key", ["", "demo", "KVM:demo", "KVM:demo/", "KVM:none/CPUTime", 7])
def test_ids_without_a_value(key: str | int) -> None:
    """What is no id of a value finds nothing."""
    assert provider(model_with(running()), VALUE).find({"instanceid": key}) is None


def test_a_stopped_domain_has_no_values() -> None:
    """Counters of its last run are not those of a domain that is off."""
    text = domain_text("demo", NIC)
    assert records(model_with(facts_of(None, text)), VALUE) == []


def test_nothing_is_measured_before_the_first_sample() -> None:
    """A domain that the sample does not have has no values."""
    assert records(model_of(running(), statistics={DomainUUID("other"): STATISTICS}), VALUE) == []


def test_values_are_kept_as_long_as_the_sample() -> None:
    """Reading again makes nothing new, and no definition is read for a domain without networks."""
    text = domain_text("demo", "")
    facts = facts_of(text, text)
    statistics = DomainStatistics(cpu_time=1, blocks=(BLOCK,))
    model = model_of(facts, statistics={facts.uuid: statistics})
    first = records(model, VALUE)
    again = records(model, VALUE)
    assert all(one is other for one, other in zip(first, again, strict=True))
    assert len(model.host.recent) == 0


def test_the_service_claims_nothing() -> None:
    """No method can be called and no metric controlled, so none is listed."""
    model = model_of()
    (service,) = records(model, "Virt_MetricService")
    (capabilities,) = records(model, "Virt_MetricServiceCapabilities")
    assert told(service, "Name", "EnabledState", "Started") == ("MetricService", 2, True)
    assert capabilities["SupportedMethods"] == capabilities["ControllableMetrics"] == ()
