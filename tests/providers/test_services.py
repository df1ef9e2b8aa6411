"""The services of a host and what they claim to do."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.hypervisors.standing import StandingHypervisor
from tests.providers.handmade import found_again, model_of, records, told
from tests.providers.shared_resources import running, stopped
from tests.providers.stage import SERVER
from virtcim.hypervisors.actions import Action, CreateSnapshot, SaveMemory
from virtcim.hypervisors.model import DomainFacts, Verb
from virtcim.inventory import Communication
from virtcim.providers import management_service, service_capabilities, services
from virtcim.providers.pool_configuration import UNSUPPORTED
from virtcim.providers.registry import FAMILIES
from virtcim.providers.service_capabilities import DONE, POWER_STATES, Methods, Way
from virtcim.providers.states import TRANSITIONS
from virtcim.schema.families import packaged_schema

WITH_METHODS = {
    # capabilities, and the service that they are of
    "MANAGEMENT_METHODS": "CIM_VirtualSystemManagementService",
    "MIGRATION_METHODS": "CIM_VirtualSystemMigrationService",
    "POOL_METHODS": "CIM_ResourcePoolConfigurationService",
    "SNAPSHOT_METHODS": "CIM_VirtualSystemSnapshotService",
}

CLAIMS = ("SynchronousMethodsSupported", "AsynchronousMethodsSupported")


@pytest.mark.parametrize("compat", [False, True])
@pytest.mark.parametrize("family", services.NAMES)
def test_services(family: str, *, compat: bool) -> None:
    """Each is there once, on the host, under libvirt-cim's name, in the connection's state."""
    model = model_of(compat=compat)
    (record,) = records(model, family)
    name = services.NAMES[family][0]
    assert told(record, "SystemCreationClassName", "SystemName", "Name", "ElementName") == (
        "KVM_HostSystem", SERVER, name, name,
    )  # fmt: skip
    assert told(record, "EnabledState", "RequestedState", "OperationalStatus", "Started") == (
        2, 12, (2,), True,
    )  # fmt: skip
    assert found_again(model, family) == [record]
    model.host.communication = Communication.LOST
    (lost,) = records(model, family)
    assert told(lost, "EnabledState", "OperationalStatus", "Started") == (0, (13,), False)


def test_names_that_clients_build_paths_of() -> None:
    """They are libvirt-cim's, of services and of capabilities."""
    assert [services.NAMES[one][0] for one in (
        services.MIGRATION, services.SNAPSHOT, services.POOL_CONFIGURATION,
        services.CONSOLE_REDIRECTION, services.SWITCH,
    )] == [
        "MigrationService", "SnapshotService", "RPCS", "ConsoleRedirectionService",
        "Switch Virtualization Capabilities",
    ]  # fmt: skip
    model = model_of()
    ids = {
        family.name: [record["InstanceID"] for record in records(model, family.name)]
        for family in service_capabilities.FAMILIES
    }
    assert ids == {
        "Virt_VirtualSystemManagementCapabilities": ["ManagementCapabilities"],
        "Virt_VirtualSystemMigrationCapabilities": ["MigrationCapabilities"],
        "Virt_VirtualSystemMigrationSettingData": ["MigrationSettingData"],
        "Virt_ResourcePoolConfigurationCapabilities": ["RPCC"],
        "Virt_VirtualSystemSnapshotServiceCapabilities": ["SnapshotCapabilities"],
        "Virt_ConsoleRedirectionServiceCapabilities": ["ConsoleRedirectionCapabilities"],
        "Virt_PowerManagementCapabilities": ["PowerManagementCapabilities"],
        "Virt_VirtualSystemSnapshotCapabilities": [],
    }


def test_what_services_have_beside() -> None:
    """The console service shares displays; the switch service knows of no switch outside."""
    model = model_of()
    (consoles,) = records(model, services.CONSOLE_REDIRECTION)
    assert told(consoles, "RedirectionServiceType", "MaxCurrentEnabledSAPs", "SharingMode") == (
        (3,), 65535, 3,
    )  # fmt: skip
    (switches,) = records(model, services.SWITCH)
    assert told(switches, "ProtocolType", "IsVSISupported", "VSIInterface") == (15, False, None)
    (setting,) = records(model, service_capabilities.MIGRATION_SETTING)
    assert told(setting, "MigrationType", "Priority", "TransportType") == (2, 0, 2)
    assert told(setting, "PeerToPeer", "StorageCopy", "Bandwidth") == (False, 0, None)


# What they claim


def implemented() -> Iterator[str]:
    """Yield the methods of all services that are served."""
    names = {*services.NAMES, management_service.FAMILY}
    for family in FAMILIES:
        if family.name in names:
            yield from family.methods.keys() - UNSUPPORTED.keys()


def test_what_is_claimed_is_what_is_done() -> None:
    """The table of capabilities has the methods that services have, and no others."""
    assert set(DONE) == set(implemented())


@pytest.mark.parametrize("name", WITH_METHODS)
def test_methods_are_those_of_the_service(name: str) -> None:
    """Each method that capabilities have a number for is a method of the service's class."""
    table = getattr(service_capabilities, name)
    declared = next(c for c in packaged_schema().classes if c.name == WITH_METHODS[name])
    assert set(table.numbers) <= {method.name for method in declared.methods}
    assert {number for claimed in table.legacy.values() for number in claimed} <= {
        *table.numbers.values()
    }


def test_claims_of_strict_mode() -> None:
    """Nothing is claimed that nobody does."""
    model = model_of()
    (management,) = records(model, service_capabilities.MANAGEMENT)
    assert told(management, *CLAIMS, "VirtualSystemTypesSupported") == (
        (2, 3, 5, 6, 7, 10), (), ("KVM",),
    )  # fmt: skip
    (migration,) = records(model, service_capabilities.MIGRATION)
    assert told(migration, *CLAIMS, "DestinationHostFormatsSupported") == (
        (4, 5), (2, 3), (2, 3, 4),
    )  # fmt: skip
    (pools,) = records(model, service_capabilities.POOL_CONFIGURATION)
    assert told(pools, *CLAIMS) == ((3, 4), ())
    (snapshots,) = records(model, service_capabilities.SNAPSHOT)
    assert told(snapshots, CLAIMS[0], "AynchronousMethodsSupported", "SnapshotTypesSupported") == (
        (3,), (2, 3, 4), (),
    )  # fmt: skip


DRIVER = "<disk type='file'{}><driver name='qemu' type='{}'/>{}</disk>"
KEPT, RAW = DRIVER.format("", "qcow2", ""), DRIVER.format("", "raw", "")
CD, EXTERNAL = (
    DRIVER.format("", "raw", "<readonly/>"),
    DRIVER.format(" snapshot='external'", "qcow2", ""),
)
BOTH = (CreateSnapshot, SaveMemory)


@pytest.mark.parametrize(
    ("actions", "domain", "supported", "enabled"),
    [
        (BOTH, running("a", KEPT), (2, 3, 32768, 32769), (2, 3, 32768, 32769)),
        (BOTH, running("a", KEPT + CD), (2, 3, 32768, 32769), (2, 3, 32768, 32769)),
        (BOTH, running("a", KEPT + RAW), (2, 3, 32768, 32769), (3, 32768, 32769)),
        (BOTH, running("a", EXTERNAL), (2, 3, 32768, 32769), (3, 32768, 32769)),
        (BOTH, running("a", ""), (2, 3, 32768, 32769), (32768, 32769)),
        (BOTH, running("a", CD), (2, 3, 32768, 32769), (32768, 32769)),
        (BOTH, stopped("a", KEPT), (2, 3, 32768, 32769), (2, 3)),
        (BOTH, stopped("a", RAW), (2, 3, 32768, 32769), ()),
        ((CreateSnapshot,), running("a", KEPT), (2, 3), (2, 3)),
        ((SaveMemory,), running("a", KEPT), (32768, 32769), (32768, 32769)),
        ((), running("a", KEPT), (), ()),
    ],
)
def test_types_of_snapshots(
    actions: tuple[type[Action[Any]], ...],
    domain: DomainFacts,
    supported: tuple[int, ...],
    enabled: tuple[int, ...],
) -> None:
    """A host has those that its driver can make, a domain those that fit its disks and state."""
    model = model_of(domain)
    assert isinstance(model.host.hypervisor, StandingHypervisor)
    model.host.hypervisor.actions = frozenset(actions)
    (service,) = records(model, service_capabilities.SNAPSHOT)
    (one,) = records(model, service_capabilities.DOMAIN_SNAPSHOT)
    assert (service["SnapshotTypesSupported"], one["SnapshotTypesEnabled"]) == (supported, enabled)


def test_claims_for_clients_of_libvirt_cim() -> None:
    """They read its lists; AddResourceSettings has the number that the class gives it."""
    model = model_of(compat=True)
    (management,) = records(model, service_capabilities.MANAGEMENT)
    assert told(management, *CLAIMS) == ((2, 3, 5, 6, 7, 10), ())
    (migration,) = records(model, service_capabilities.MIGRATION)
    assert told(migration, *CLAIMS, "DestinationHostFormatsSupported") == (
        (4, 5), (2, 3), (2, 3, 4),
    )  # fmt: skip
    (pools,) = records(model, service_capabilities.POOL_CONFIGURATION)
    assert told(pools, *CLAIMS) == ((3, 4), ())
    (snapshots,) = records(model, service_capabilities.SNAPSHOT)
    assert told(snapshots, CLAIMS[0], "AynchronousMethodsSupported", "SnapshotTypesSupported") == (
        (3,), (2, 4), (32768, 32769),
    )  # fmt: skip


def test_a_method_is_claimed_once_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row in the table is all that a new method needs to be claimed, in each way it is done."""
    monkeypatch.setattr(
        service_capabilities,
        "DONE",
        {
            "DefineSystem": frozenset({Way.AT_ONCE, Way.AS_JOB}),
            "CreateSnapshot": frozenset({Way.AS_JOB}),
            "RequestPowerStateChange": frozenset({Way.AT_ONCE}),
            "MigrateVirtualSystemToHost": frozenset({Way.AS_JOB}),
        },
    )
    model = model_of(running("a", ""))
    (management,) = records(model, service_capabilities.MANAGEMENT)
    assert told(management, *CLAIMS) == ((2,), (2,))
    (snapshots,) = records(model, service_capabilities.SNAPSHOT)
    assert snapshots["AynchronousMethodsSupported"] == (2,)
    (power,) = records(model, service_capabilities.POWER)
    assert power["RequestedPowerStatesSupported"] == power["PowerStatesSupported"]
    assert power["PowerChangeCapabilities"] == (3, 4, 7, 8)
    (migration,) = records(model, service_capabilities.MIGRATION)
    assert told(migration, CLAIMS[1], "DestinationHostFormatsSupported") == ((2,), (2, 3, 4))


def test_ways_without_a_number() -> None:
    """A method that libvirt-cim never does in a way is not claimed for it."""
    model = SimpleNamespace(behaviour=SimpleNamespace(legacy_capabilities=True))
    assert Methods({}, {}).claimed(Way.AS_JOB)(model) == ()


# Power


def test_power_states_are_total() -> None:
    """Every request that a domain can follow leads to a power state."""
    assert set(POWER_STATES) == set(TRANSITIONS)


def test_power_states_are_what_the_hypervisor_can_do() -> None:
    """The states are those of RequestStateChange, and the service can be asked for each."""
    model = model_of()
    (power,) = records(model, service_capabilities.POWER)
    assert power["PowerStatesSupported"] == (2, 6, 12, 7, 3, 15, 10)
    assert power["RequestedPowerStatesSupported"] == power["PowerStatesSupported"]
    assert power["PowerChangeCapabilities"] == (3, 4, 7, 8)
    few = model_of()
    assert isinstance(few.host.hypervisor, StandingHypervisor)
    few.host.hypervisor.verbs = frozenset({Verb.START, Verb.DESTROY})
    (power,) = records(few, service_capabilities.POWER)
    assert power["PowerStatesSupported"] == (2, 6)


# Of each domain


def test_snapshots_of_a_domain() -> None:
    """Each domain says which snapshots can be made of it now: one that is off has no memory."""
    model = model_of(running("a", KEPT), stopped("b", KEPT, 2))
    assert isinstance(model.host.hypervisor, StandingHypervisor)
    model.host.hypervisor.actions = frozenset({CreateSnapshot, SaveMemory})
    found = records(model, service_capabilities.DOMAIN_SNAPSHOT)
    names = ("InstanceID", "SnapshotTypesEnabled", "GuestOSNotificationEnabled")
    assert {told(record, *names) for record in found} == {
        ("a", (2, 3, 32768, 32769), False),
        ("b", (2, 3), False),
    }
    assert found_again(model, service_capabilities.DOMAIN_SNAPSHOT) == found
