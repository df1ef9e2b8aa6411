"""Jobs as clients see them: every property in every state, methods, associations."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.jobs.scenes import Gate
from tests.providers.stage import NAMESPACE, SYSTEM, Stage, play
from virtcim.hypervisors.errors import HypervisorFailure
from virtcim.infostore.jobs import JobKind, JobRecord
from virtcim.jobs import Plan
from virtcim.jobs.states import UNUSED
from virtcim.providers.concrete_job import FAMILIES_OF, STATES, JobView, path_of, started
from virtcim.providers.job_links import OWNERS
from virtcim.providers.model import HostModel, Server
from virtcim.schema.families import build_repository
from virtcim.schema.layouts import Record
from virtcim.schema.valuemaps import JobState
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import Instance, InstanceProperty
from virtcim.wbem.operations import Argument
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import MethodReply
from virtcim.wbem.status import Failed, InvalidParameter
from virtcim.wbem.types import CIMType
from virtcim.wbem.uri import parse_uri

S = JobState
JOB = "Test_MigrationJob"


def test_the_tables_are_total() -> None:
    """Every state looks somehow, every kind has its class and its service."""
    assert STATES.keys() == set(JobState)
    assert FAMILIES_OF.keys() == OWNERS.keys() == set(JobKind)


async def begun(stage: Stage, gate: Gate, **given: Any) -> JobRecord:
    """Start a job that waits at its gate."""
    domain = stage.host.listing.names["running"]
    plan = Plan(
        kind=JobKind.MIGRATION, host=stage.host, domain=domain.uuid, domain_name=domain.name,
        name="Migration", method="MigrateVirtualSystemToHost", owner="anna", work=gate.work,
        parameters={"DestinationHost": "b", "Live": True, "Hosts": ["x", "y"], "Deep": {"a": 1}},
        **given,
    )  # fmt: skip
    record = await stage.engine.start(plan)
    await gate.began.wait()
    return record


async def done(stage: Stage, record: JobRecord) -> JobRecord:
    """Wait for its end."""
    async with asyncio.timeout(60):
        while (now := stage.engine.record(record.id)).ended is None:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    return now


def instance(stage: Stage, class_name: str = JOB) -> Record:
    """Return the only instance of a class."""
    provider = stage.namespaces.get(NAMESPACE).provider(class_name)
    assert provider is not None
    (record,) = provider.records()
    return record


def test_a_running_job_and_its_end() -> None:
    """What clients of libvirt-cim read stands there, and the rest of the class."""

    async def scene(stage: Stage) -> None:
        gate = Gate()
        job = await begun(stage, gate)
        assert gate.run is not None
        gate.run.progress(40)
        shown = instance(stage)
        assert shown["InstanceID"] == job.id
        assert [shown[name] for name in (
            "JobState", "Status", "JobStatus", "PercentComplete", "Owner", "ErrorCode", "Name",
            "DeleteOnCompletion", "OperationalStatus", "HealthState",
        )] == [4, "Running", "Running", 40, "anna", 0, "Migration", True, (2,), 5]  # fmt: skip
        assert str(shown["TimeBeforeRemoval"]) == "00000000000500.000000:000"
        given = shown["JobInParameters"]
        assert isinstance(given, Instance)
        assert [one.value for one in given.properties] == ["b", True, ("x", "y"), '{"a": 1}']
        assert shown["JobOutParameters"] is None
        result = instance(stage, "Test_MethodResult")
        assert isinstance(result["PreCallIndication"], Instance)
        assert result["PostCallIndication"] is None
        gate.go.set()
        await done(stage, job)
        shown = instance(stage)
        assert (shown["JobState"], shown["Status"], shown["PercentComplete"]) == (
            7, "Completed", 100,
        )  # fmt: skip
        assert shown["OperationalStatus"] == (17, 2)
        out = shown["JobOutParameters"]
        assert isinstance(out, Instance)
        assert out.by_name["answer"].value == 42
        post = instance(stage, "Test_MethodResult")["PostCallIndication"]
        assert isinstance(post, Instance)
        assert post.by_name["returnvalue"].value == "0"

    play(scene)


async def ask(stage: Stage, path: ObjectPath, method: str, *arguments: Argument) -> MethodReply:
    """Call a method of a job."""
    reply = await stage.broker.change(
        ops.InvokeMethod(namespace=NAMESPACE, target=path, method=method, arguments=arguments)
    )
    assert isinstance(reply, MethodReply)
    return reply


def state(number: int) -> Argument:
    """Return the argument of RequestStateChange."""
    return Argument("RequestedState", None, str(number))


def test_a_job_is_terminated_and_says_by_whom() -> None:
    """GetError gives a CIM_Error; a second request comes too late."""

    async def scene(stage: Stage) -> None:
        gate = Gate()
        job = await begun(stage, gate, stop=gate.stopper(HypervisorFailure("aborted")))
        path = instance(stage).path
        assert (await ask(stage, path, "GetError")).out[0].value is None
        assert (await ask(stage, path, "RequestStateChange", state(99))).return_value == 5
        with_time = (state(4), Argument("TimeoutPeriod", None, "00000000000001.000000:000"))
        assert (await ask(stage, path, "RequestStateChange", *with_time)).return_value == 4098
        assert (await ask(stage, path, "RequestStateChange", state(3))).return_value == 4097
        assert (await ask(stage, path, "RequestStateChange", state(6))).return_value == 1
        assert (await ask(stage, path, "RequestStateChange", state(4))).return_value == 0
        ended = await done(stage, job)
        assert ended.state == S.TERMINATED
        assert (await ask(stage, path, "RequestStateChange", state(4))).return_value == 4097
        (error,) = (await ask(stage, path, "GetError")).out
        assert isinstance(error.value, Instance)
        assert error.value.by_name["message"].value == "terminated at the request of -"
        assert parse_uri(str(error.value.by_name["errorsource"].value)) == path
        (errors,) = (await ask(stage, path, "GetErrors")).out
        assert errors.value == (error.value,)

    play(scene)


def test_a_job_is_killed_and_forgotten() -> None:
    """KillJob ends it; with DeleteOnKill it is gone."""

    async def scene(stage: Stage) -> None:
        gate = Gate()
        await begun(stage, gate, stop=gate.stopper(HypervisorFailure("aborted")))
        path = instance(stage).path
        delete = Argument("DeleteOnKill", None, "true")
        assert (await ask(stage, path, "KillJob", delete)).return_value == 0
        assert stage.engine.jobs("h") == ()

    play(scene)


def test_what_a_job_is_related_to() -> None:
    """Its domain, its service and how it was called; and back."""

    async def scene(stage: Stage) -> None:
        gate = Gate()
        job = await begun(stage, gate)
        path = instance(stage).path

        def partners(source: ObjectPath, association: str) -> list[str]:
            reply: Any = stage.broker.read(
                ops.AssociatorNames(
                    namespace=NAMESPACE, object_name=source, assoc_class=f"Test_{association}"
                )
            )
            return [piece.decode() for piece in reply.objects.object_paths()]

        (system,) = partners(path, "AffectedJobElement")
        assert SYSTEM in system
        assert "running" in system
        (service,) = partners(path, "OwningJobElement")
        assert "MigrationService" in service
        (result,) = partners(path, "AssociatedJobMethodResult")
        assert job.id in result
        domain = ObjectPath(SYSTEM, (("CreationClassName", SYSTEM), ("Name", "running")), NAMESPACE)
        (back,) = partners(domain, "AffectedJobElement")
        assert job.id in back
        gate.go.set()
        await done(stage, job)

    play(scene)


def test_a_method_that_started_a_job_refers_to_it() -> None:
    """The code and the reference that clients follow."""

    async def scene(stage: Stage) -> None:
        gate = Gate()
        job = await begun(stage, gate)
        repository = build_repository(("Test",))
        model = HostModel(stage.host, Server("s", "1.0.0"), repository, stage.engine)
        result = started(model, job)
        assert (result.return_value, result.out) == (4096, {"Job": path_of(model, job)})
        assert path_of(model, job).identity() == instance(stage).path.identity()
        view = JobView(model, model.jobs[0])
        assert view.elapsed >= timedelta()
        never = replace(model.jobs[0], record=replace(job, started=None))
        assert JobView(model, never).elapsed == timedelta()
        gate.go.set()
        await done(stage, job)

    play(scene)


@pytest.mark.parametrize("kind", JobKind)
def test_each_kind_is_its_class(kind: JobKind) -> None:
    """A job is shown by the class of its kind alone."""

    async def scene(stage: Stage) -> None:
        gate = Gate()
        gate.go.set()
        plan = Plan(
            kind=kind, host=stage.host, domain=None, domain_name="", name="n", method="m",
            owner="o", work=gate.work,
        )  # fmt: skip
        await done(stage, await stage.engine.start(plan))
        namespace = stage.namespaces.get(NAMESPACE)
        for other, family in FAMILIES_OF.items():
            provider = namespace.provider(family.replace("Virt_", "Test_"))
            assert provider is not None
            assert len(provider.records()) == (other is kind)

    play(scene)


def test_unused_states_are_never_shown() -> None:
    """Two states of the class are for others."""
    assert {S.SERVICE, S.QUERY_PENDING} == UNUSED


def test_clients_say_how_long_a_job_stays() -> None:
    """The properties that may be written; a job tells the rest itself, and goes when it is told."""

    async def scene(stage: Stage) -> None:
        gate = Gate()
        job = await begun(stage, gate)
        shown = instance(stage)

        async def change(**values: Any) -> None:
            items = tuple(
                InstanceProperty(name=name, type=CIMType.STRING, value=value)
                for name, value in values.items()
            )
            modified = Instance(JOB, items, shown.path)
            await stage.broker.change(
                ops.ModifyInstance(namespace=NAMESPACE, modified_instance=modified)
            )

        await change(
            Notify="bob", Priority="3", DeleteOnCompletion="false", PercentComplete="77",
            TimeBeforeRemoval="00000001000010.000000:000",
        )  # fmt: skip
        record = stage.engine.record(job.id)
        assert (record.notify, record.priority, record.percent) == ("bob", 3, 0)
        assert (record.delete_on_completion, record.removal_seconds) == (False, 86410)
        for values in (
            {"Owner": "bob"},
            {"TimeBeforeRemoval": "20260101000000.000000+000"},
            {"DeleteOnCompletion": None},
        ):
            with pytest.raises(InvalidParameter):
                await change(**values)
        removal = ops.DeleteInstance(namespace=NAMESPACE, instance_name=shown.path)
        with pytest.raises(Failed, match="has not ended"):
            await stage.broker.change(removal)
        gate.go.set()
        await done(stage, job)
        await stage.broker.change(removal)
        assert stage.engine.jobs("h") == ()

    play(scene)
