"""Domains by state: found without being read, and never by what they were before."""

from collections.abc import Mapping

import pytest

from tests.clients.expected import DOMAINS
from tests.providers.stage import NAMESPACE, SYSTEM, Stage, play
from virtcim.broker.provider import Indexed
from virtcim.inventory.host import Communication
from virtcim.inventory.snapshots import Domain
from virtcim.providers.computer_system import LOOKUPS
from virtcim.providers.domain_index import DomainIndex
from virtcim.providers.serving import DomainPartsProvider
from virtcim.schema.layouts import Record
from virtcim.schema.records import RecordSet
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import Value
from virtcim.wbem.replies import PulledReply

INDEXED = (*LOOKUPS.names, *LOOKUPS.values)


def systems(stage: Stage) -> DomainPartsProvider:
    """Return the provider of domains."""
    provider = stage.namespaces.get(NAMESPACE).provider(SYSTEM)
    assert isinstance(provider, DomainPartsProvider)
    assert isinstance(provider, Indexed)
    return provider


def check(stage: Stage) -> None:
    """See that each index gives what reading all instances gives."""
    provider = systems(stage)
    every = [*provider.records()]
    for name in INDEXED:
        for value in {record[name] for record in every} | {"nothing", 99, None}:
            found = [*provider.records_where(name, value)]
            assert {id(one) for one in found} == {
                id(record) for record in every if value is not None and record[name] == value
            }, (name, value)


@pytest.mark.parametrize("compat", [False, True])
def test_indexes_say_what_instances_say(compat: bool) -> None:  # noqa: FBT001
    """After every kind of change, and in both models, an index is what a scan would find."""

    async def scene(stage: Stage) -> None:
        check(stage)
        assert await stage.request("running", "9") == 0  # to paused
        check(stage)
        assert await stage.request("running", "2") == 0
        assert await stage.request("shutoff", "2") == 0
        check(stage)
        uuid = stage.host.listing.names["running"].uuid
        listing = stage.host.listing
        stage.host.listing = listing.changed([(listing.domains[uuid], None)], 10**6)
        check(stage)
        stage.host.listing = listing
        check(stage)
        stage.host.communication = Communication.LOST
        check(stage)

    play(scene, compat=compat)


def test_before_the_host_is_known() -> None:
    """An index of nothing finds nothing, and what comes later is found."""

    async def scene(stage: Stage) -> None:
        assert [*systems(stage).records_where("enabledstate", 2)] == []
        await stage.host.start()
        check(stage)
        await stage.host.close()

    play(scene, started=False)


def test_keys_that_tell_the_domain() -> None:
    """Parts of domains are found by that of their keys which says whose they are."""

    async def scene(stage: Stage) -> None:
        asked = set()
        namespace = stage.namespaces.get(NAMESPACE)
        providers, _ = namespace.serving("CIM_ManagedElement")
        for provider in providers:
            if not isinstance(provider, DomainPartsProvider):
                continue
            every = [*provider.records()]
            for name in set(provider.indexes) & provider.layout.keys.keys():
                asked.add(name)
                for value in {str(record[name]) for record in every} | {"", "nothing"}:
                    found = [*provider.records_where(name, value)]
                    assert {id(one) for one in found} == {
                        id(record) for record in every if record[name] == value
                    }, (provider.layout.class_name, name, value)
        assert {"name", "systemname", "instanceid"} <= asked

    play(scene)


def test_only_what_has_changed_is_looked_at() -> None:
    """A second question reads nothing, one after a change reads that domain."""
    read: list[str] = []

    def values(domain: Domain) -> Mapping[str, Value]:
        read.append(domain.name)
        return {"state": domain.facts.state}

    async def scene(stage: Stage) -> None:
        index = DomainIndex(values)
        state = stage.host.listing.names["running"].facts.state

        def ask(given: object = None) -> list[str]:
            read.clear()
            return [one.name for one in index.domains(stage.host.listing, given, "state", state)]

        assert "running" in ask()
        assert sorted(read) == sorted(DOMAINS)
        ask()
        assert read == []
        assert await stage.request("running", "9") == 0
        assert "running" not in ask()
        assert set(read) == {"running"}
        ask("another")
        assert sorted(read) == sorted(DOMAINS)

    play(scene)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("EnabledState = 2", {n for n, seen in DOMAINS.items() if seen.enabled == 2}),
        ("HealthState = 25 OR HealthState = 30",
         {n for n, seen in DOMAINS.items() if seen.health in {25, 30}}),
        ("OperatingStatus = 8 AND EnabledState = 2",
         {n for n, s in DOMAINS.items() if s.operating == 8 and s.enabled == 2}),
        ("Name = 'running'", {"running"}),
        ("ElementName = 'running' AND HealthState = 99", set()),
        (f"Name = 'paused' AND CreationClassName = '{SYSTEM}'", {"paused"}),
    ],
)  # fmt: skip
def test_equality_does_not_scan(
    monkeypatch: pytest.MonkeyPatch, text: str, found: set[str]
) -> None:
    """Neither all instances nor one that is not asked for is made."""
    made: list[str] = []

    def scanned(_: DomainPartsProvider) -> RecordSet:
        pytest.fail("all instances are read")

    original = DomainPartsProvider.records_of

    def records_of(self: DomainPartsProvider, domain: Domain) -> tuple[Record, ...]:
        made.append(domain.name)
        return original(self, domain)

    monkeypatch.setattr(DomainPartsProvider, "records", scanned)
    monkeypatch.setattr(DomainPartsProvider, "records_of", records_of)

    async def scene(stage: Stage) -> None:
        reply = stage.broker.read(
            ops.OpenEnumerateInstancePaths(
                namespace=NAMESPACE,
                class_name=SYSTEM,
                filter_query_language="DMTF:FQL",
                filter_query=text,
                max_object_count=100,
            )
        )
        assert isinstance(reply, PulledReply)
        written = b"".join(reply.portion.pieces()).decode()
        assert reply.portion.context == ""
        assert {name for name in DOMAINS if f">{name}</KEYVALUE>" in written} == found
        assert set(made) >= found
        assert len(made) <= max(len(found), 3)

    play(scene)


def test_a_template_is_not_found() -> None:
    """What is not enumerated is not selected either, though its keys name it."""

    async def scene(stage: Stage) -> None:
        await stage.host.refresh_resources()
        found = 0
        for name in ("Mem", "Proc", "Disk", "Net", "Graphics"):
            class_name = f"Test_{name}ResourceAllocationSettingData"
            provider = stage.namespaces.get(NAMESPACE).provider(class_name)
            assert isinstance(provider, DomainPartsProvider)
            for template in provider.shared_records():
                keys = {"instanceid": str(template["InstanceID"])}
                found += provider.find(keys) is template
                assert provider.find_listed(keys) is None
        assert found

    play(scene)
