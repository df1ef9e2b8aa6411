"""The migration service over a destination that a test makes: texts, modes, what has no job."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.hypervisors.standing import HOST, StandingHypervisor, facts_of
from tests.providers.handmade import PREFIX, _repository, domain_text
from tests.providers.stage import NAMESPACE, SERVER, Store
from tests.providers.test_migration_checks import THERE
from virtcim.broker.calling import CALLER, Caller
from virtcim.broker.embedded import Embedded
from virtcim.broker.provider import MethodResult
from virtcim.hypervisors.actions import Action, InspectDestination, Migrate
from virtcim.hypervisors.errors import ConnectionFailed, HypervisorError
from virtcim.infostore.errors import DiskFull
from virtcim.inventory import Communication, Host
from virtcim.jobs import Engine
from virtcim.providers import services
from virtcim.providers.migration_destinations import host_named
from virtcim.providers.migration_options import MigrationOptions
from virtcim.providers.migration_service import METHODS
from virtcim.providers.model import HostModel, Server
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import (
    Failed,
    InvalidParameter,
    NotFound,
    NotSupported,
    Status,
    WBEMError,
)

CHECK, MIGRATE = "CheckVirtualSystemIsMigratableToHost", "MigrateVirtualSystemToHost"
CHECK_SYSTEM = "CheckVirtualSystemIsMigratableToSystem"
SYSTEM = "KVM_ComputerSystem"
TEXT = domain_text("d", "")


class Hypervisor(StandingHypervisor):
    """One that knows another; `seen` is what it was asked to look at."""

    def __init__(self, **given: Any) -> None:
        super().__init__((facts_of(TEXT, TEXT),))
        self.uri = given.get("uri", "qemu:///system")
        self.actions = frozenset({InspectDestination, Migrate})
        self.there = THERE
        self.fault: HypervisorError | None = None
        self.seen: list[str] = []

    async def perform(self, action: Action[Any], *, deadline: float | None = None) -> Any:
        """Look at the other one; a migration never ends."""
        if isinstance(action, InspectDestination):
            self.seen.append(action.uri)
            if self.fault is not None:
                raise self.fault
            return self.there
        if isinstance(action, Migrate):
            await asyncio.Event().wait()
        return await super().perform(action, deadline=deadline)


class World:
    """Two hosts, of which the first has the domain."""

    def __init__(self, *, compat: bool = False, **options: Any) -> None:
        self.hypervisor = Hypervisor()
        self.store = Store()
        self.host = self._host("one", self.hypervisor)
        self.other = self._host("two", Hypervisor(uri="qemu+tcp://two.example.org/system"))
        self.engine = Engine(self.store)
        server = Server(
            SERVER, "1.2.3", compat=compat, hosts={"one": self.host, "two": self.other},
            migration=MigrationOptions(**options),
        )  # fmt: skip
        self.model = HostModel(self.host, server, _repository(), self.engine)

    def _host(self, name: str, hypervisor: Hypervisor) -> Host:
        return Host(name, hypervisor, self.store, prefix=PREFIX, namespace=NAMESPACE)

    async def call(self, method: str, **arguments: Any) -> MethodResult:
        """Call a method with the domain, another host, and these arguments."""
        usual: dict[str, Any] = {"computersystem": system(), "destinationhost": "b"}
        given = {name.lower(): value for name, value in (usual | arguments).items()}
        record: Any = None
        return await METHODS[method](
            self.model, record, {name: value for name, value in given.items() if value is not None}
        )


def system(name: str | None = "d", class_name: str = SYSTEM, creation: str = SYSTEM) -> ObjectPath:
    """Return a path of a domain."""
    keys = [("CreationClassName", creation), *([("Name", name)] if name else [])]
    return ObjectPath(class_name, tuple(keys), NAMESPACE)


def play(scene: Callable[[World], Awaitable[None]], **given: Any) -> None:
    """Play a scene in a world."""

    async def whole() -> None:
        world = World(**given)
        await world.engine.load([])
        await world.host.start()
        await world.other.start()
        try:
            await scene(world)
        finally:
            await world.engine.close()
            await world.host.close()
            await world.other.close()

    asyncio.run(whole())


def setting(**values: Any) -> Embedded:
    """Return setting data."""
    return Embedded("KVM_VirtualSystemMigrationSettingData",
                    {name.lower(): value for name, value in values.items()})  # fmt: skip


def test_they_are_the_services() -> None:
    """All that the class declares, and nothing else."""
    declared = _repository().find("KVM_VirtualSystemMigrationService")
    assert declared is not None
    assert set(METHODS) <= {method.name for method in declared.methods}
    assert services.METHODS[services.MIGRATION] is METHODS


@pytest.mark.parametrize("compat", [False, True])
def test_it_can_migrate(*, compat: bool) -> None:
    """The reasons are an output of our own."""

    async def scene(world: World) -> None:
        found = await world.call(CHECK)
        assert found.return_value == 0
        assert found.out == ({"IsMigratable": True} if compat else
                             {"IsMigratable": True, "Reasons": ()})  # fmt: skip
        assert world.hypervisor.seen == ["qemu+ssh://b/system?no_tty=1"]

    play(scene, compat=compat)


@pytest.mark.parametrize("compat", [False, True])
def test_it_cannot(*, compat: bool) -> None:
    """Asked, the answer is no; told, it is an error."""

    async def scene(world: World) -> None:
        world.hypervisor.there = replace(THERE, version=(1, 0, 0), hypervisor_type="Xen")
        found = await world.call(CHECK)
        assert found.return_value == 0
        assert found.out is not None
        assert found.out["IsMigratable"] is False
        assert len(found.out.get("Reasons", ())) == (0 if compat else 2)  # type: ignore[arg-type]
        with pytest.raises(Failed, match="the hypervisor there is Xen"):
            await world.call(MIGRATE)
        assert world.model.jobs == ()

    play(scene, compat=compat)


ERRORS: list[tuple[dict[str, Any], type[WBEMError], str]] = [
    ({"ComputerSystem": system(class_name="Xen_ComputerSystem")}, InvalidParameter,
     "Invalid REF in ComputerSystem"),
    ({"ComputerSystem": system(creation="Xen_ComputerSystem")}, InvalidParameter,
     "Invalid REF in ComputerSystem"),
    ({"ComputerSystem": replace(system(), namespace="root/other")}, InvalidParameter,
     "Invalid REF in ComputerSystem"),
    ({"ComputerSystem": system(None)}, InvalidParameter,
     r"Missing key \(Name\) in ComputerSystem"),
    ({"MigrationSettingData": setting(MigrationType=9)}, InvalidParameter,
     "Unsupported migration type 9"),
    ({"MigrationSettingData": setting(TransportType=32768)}, InvalidParameter,
     "Failed to construct a valid libvirt URI"),
    ({"DestinationHost": "b/c"}, InvalidParameter, "Failed to construct a valid libvirt URI"),
]  # fmt: skip


@pytest.mark.parametrize("compat", [False, True])
@pytest.mark.parametrize("method", [CHECK, MIGRATE])
@pytest.mark.parametrize(("arguments", "error", "text"), ERRORS)
def test_texts_of_libvirt_cim(
    arguments: dict[str, Any], error: type[WBEMError], text: str, method: str, *, compat: bool
) -> None:
    """They are the same for all; the status is FAILED for its clients."""

    async def scene(world: World) -> None:
        with pytest.raises(Failed if compat else error, match=text):
            await world.call(method, **arguments)

    play(scene, compat=compat)


def test_texts_for_the_destination_system() -> None:
    """As for the host's name."""
    nameless = ObjectPath("KVM_HostSystem", (), NAMESPACE)

    async def scene(world: World) -> None:
        with pytest.raises(InvalidParameter, match=r"Missing key \(Name\) in DestinationSystem"):
            await world.call(CHECK_SYSTEM, DestinationSystem=nameless)
        with pytest.raises(InvalidParameter, match="DestinationSystem is missing"):
            await world.call(CHECK_SYSTEM)
        named = replace(nameless, keys=(("Name", "two"),))
        assert (await world.call(CHECK_SYSTEM, DestinationSystem=named)).return_value == 0
        assert world.hypervisor.seen == ["qemu+tcp://two.example.org/system"]

    play(scene)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"ComputerSystem": None}, InvalidParameter),
        ({"DestinationHost": None}, InvalidParameter),
        ({"ComputerSystem": system("nobody")}, NotFound),
    ],
)
def test_what_is_missing(arguments: dict[str, Any], error: type[WBEMError]) -> None:
    """A parameter, a domain."""

    async def scene(world: World) -> None:
        for method in (CHECK, MIGRATE):
            with pytest.raises(error):
                await world.call(method, **arguments)

    play(scene)


@pytest.mark.parametrize("compat", [False, True])
def test_settings_for_the_destination(*, compat: bool) -> None:
    """libvirt-cim takes them and forgets them; we say that we cannot."""

    async def scene(world: World) -> None:
        call = world.call(CHECK, NewSystemSettingData=setting())
        if compat:
            assert (await call).return_value == 0
        else:
            with pytest.raises(NotSupported, match="NewSystemSettingData"):
                await call

    play(scene, compat=compat)


def test_a_host_out_of_reach() -> None:
    """The URI is shown without our files."""

    async def scene(world: World) -> None:
        world.hypervisor.fault = ConnectionFailed("no route")
        for method in (CHECK, MIGRATE):
            with pytest.raises(Failed) as caught:
                await world.call(method, MigrationWithoutRootKey=True)
            assert caught.value.reason == (
                "Failed to connect to remote host (qemu+ssh://b/system): no route"
            )
        assert "keyfile=%2Fetc%2Fkey" in world.hypervisor.seen[0]

    play(scene, ssh_key=Path("/etc/key"))


def test_a_key_that_the_operator_does_not_want() -> None:
    """In libvirt-cim's words."""

    async def scene(world: World) -> None:
        with pytest.raises(Failed, match="Migration with special ssh key is not enabled"):
            await world.call(CHECK, MigrationWithoutRootKey=True)

    play(scene)


def test_hypervisors_without_migration() -> None:
    """They say so."""

    async def scene(world: World) -> None:
        world.hypervisor.actions = frozenset()
        with pytest.raises(NotSupported, match="cannot be migrated"):
            await world.call(MIGRATE)

    play(scene)


def test_programs_are_asked_last(tmp_path: Path) -> None:
    """By both methods, with the client's parameters."""
    said = tmp_path / "said"
    (tmp_path / "a").write_text(f'#!/bin/sh\necho "$1 $2" >> {said}\ncat "$3" >> {said}\nexit 7\n')
    (tmp_path / "a").chmod(0o755)
    given = setting(CheckParameters=("x",))

    async def scene(world: World) -> None:
        found = await world.call(CHECK, MigrationSettingData=given)
        assert found.out == {"IsMigratable": False,
                             "Reasons": ("the check a objects (exit status 7)",)}  # fmt: skip
        with pytest.raises(Failed, match="the check a objects"):
            await world.call(MIGRATE, MigrationSettingData=given)
        assert said.read_text() == "d qemu:///system\nx\n" * 2
        world.hypervisor.there = replace(THERE, host_uuid=HOST.uuid)
        await world.call(CHECK, MigrationSettingData=given)
        assert said.read_text() == "d qemu:///system\nx\n" * 2

    play(scene, checks=tmp_path)


def test_a_job_is_started() -> None:
    """The reply names it; its domain migrates from then on, and no second time."""

    async def scene(world: World) -> None:
        found = await world.call(MIGRATE)
        assert found.return_value == 4096
        (job,) = world.model.jobs
        assert found.out == {
            "Job": ObjectPath("KVM_MigrationJob", (("InstanceID", job.record.id),), NAMESPACE)
        }
        assert job.record.parameters == {
            "ComputerSystem": "d",
            "DestinationHost": "b",
            "MigrationType": "live",
            "Flags": [],
        }
        (domain,) = world.host.listing.domains.values()
        assert domain.record.migrating
        with pytest.raises(Failed, match="Domain `d' is busy: Migration is under way"):
            await world.call(MIGRATE)

    play(scene)  # fmt: skip


def test_a_rehearsal() -> None:
    """All is checked, nothing is begun."""

    async def scene(world: World) -> None:
        CALLER.set(Caller("anna", dry_run=True))
        found = await world.call(MIGRATE)
        text = f"Domain `d' would move from {HOST.hostname} to b (qemu+ssh://b/system)\n"
        assert (found.return_value, found.out) == (0, {"Difference": text})
        assert (await world.call(CHECK)).return_value == 0
        world.hypervisor.there = replace(THERE, host_uuid=HOST.uuid)
        with pytest.raises(Failed, match="the host of the domain itself"):
            await world.call(MIGRATE)
        assert world.model.jobs == ()

    play(scene)


def test_a_source_out_of_reach() -> None:
    """It is not taken for the destination."""

    async def scene(world: World) -> None:
        world.host.communication = Communication.LOST
        with pytest.raises(Failed, match="hypervisor of the domain does not answer"):
            await world.call(CHECK)
        assert world.hypervisor.seen == []

    play(scene)


def test_a_job_that_is_not_durable_is_none() -> None:
    """Nothing is begun."""

    async def scene(world: World) -> None:
        world.store.fault = DiskFull("store")
        with pytest.raises(Failed, match="nothing was changed") as caught:
            await world.call(MIGRATE)
        assert caught.value.status is Status.FAILED
        assert world.model.jobs == ()

    play(scene)


def test_hosts_of_ours() -> None:
    """By their name in the configuration first, then by what they call themselves."""

    async def scene(world: World) -> None:
        assert host_named(world.model, "TWO") is world.other
        assert host_named(world.model, "one") is world.host
        assert host_named(world.model, HOST.hostname) is world.other  # both call themselves so
        assert host_named(world.model, "three") is None

    play(scene)
