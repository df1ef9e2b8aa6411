"""Power states through their service, and the turns that all changes of state take."""

import asyncio

import pytest

from tests.providers.calls import call
from tests.providers.stage import NAMESPACE, SYSTEM, Stage, play
from virtcim.hypervisors.model import Verb
from virtcim.inventory.turns import Turns
from virtcim.providers.power_management import REQUESTS
from virtcim.providers.service_capabilities import POWER_STATES
from virtcim.schema.families import packaged_schema
from virtcim.schema.valuemaps import PowerState, RequestedState, RequestStateChangeCode
from virtcim.wbem.objects import Value, qualifier_value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import Failed, InvalidParameter, NotFound

SERVICE = "Test_PowerManagementService"
METHOD = "RequestPowerStateChange"
DONE, NOT_SUPPORTED, INVALID, TRANSITION, TIMEOUT, BUSY = 0, 1, 5, 4097, 4098, 4099


def system(name: str) -> ObjectPath:
    """Return the path of a domain."""
    return ObjectPath(SYSTEM, (("CreationClassName", SYSTEM), ("Name", name)), NAMESPACE)


async def request(stage: Stage, name: str, state: int | None, **more: Value) -> Value:
    """Ask for a power state and return the code."""
    return await call(stage, SERVICE, METHOD, PowerState=state, ManagedElement=system(name), **more)


def test_each_power_state_is_reached_by_one_request() -> None:
    """No two requests lead to one power state."""
    assert {state.value: requested for requested, state in POWER_STATES.items()} == REQUESTS
    assert len(REQUESTS) == len(POWER_STATES)


def test_codes_are_those_of_the_other_method() -> None:
    """Both methods give one number one meaning."""
    service = next(c for c in packaged_schema().classes if c.name == "CIM_PowerManagementService")
    method = next(m for m in service.methods if m.name == METHOD)
    numbers = qualifier_value(method.qualifiers, "ValueMap")
    assert isinstance(numbers, tuple)
    assert {str(code.value) for code in RequestStateChangeCode} <= set(numbers)


def test_a_domain_goes_through_power_states() -> None:
    """The state and what was requested are as after RequestStateChange."""

    async def scene(stage: Stage) -> None:
        for state, enabled, verb in (
            (PowerState.SLEEP_LIGHT, 9, Verb.SUSPEND),
            (PowerState.ON, 2, Verb.RESUME),
            (PowerState.OFF_HARD, 3, Verb.DESTROY),
            (PowerState.ON, 2, Verb.START),
        ):
            assert await request(stage, "running", state) == DONE
            assert stage.driver.done[-1] is verb
            assert stage.system("running")["EnabledState"] == enabled
        assert stage.system("running")["RequestedState"] == RequestedState.ENABLED

    play(scene)


def test_codes() -> None:
    """What is not possible has its code, and nothing is done."""

    async def scene(stage: Stage) -> None:
        assert await request(stage, "running", PowerState.ON) == TRANSITION
        assert await request(stage, "running", None) == INVALID
        for state in (PowerState.SLEEP_DEEP, PowerState.DIAGNOSTIC_INTERRUPT_NMI, 99):
            assert await request(stage, "running", state) == NOT_SUPPORTED
        later, none = "00000000000100.000000:000", "00000000000000.000000:000"
        off = PowerState.OFF_HARD
        assert await request(stage, "running", off, Time=later) == NOT_SUPPORTED
        assert await request(stage, "running", off, TimeoutPeriod=later) == TIMEOUT
        assert stage.driver.done == []
        assert await request(stage, "running", off, Time=none, TimeoutPeriod=none) == DONE

    play(scene)


def test_only_domains_have_power_states() -> None:
    """Anything else as the element is an error that says so."""

    async def scene(stage: Stage) -> None:
        with pytest.raises(InvalidParameter, match="Missing argument `ManagedElement'"):
            await call(stage, SERVICE, METHOD, PowerState=2)
        with pytest.raises(NotFound, match="does not exist"):
            await request(stage, "nobody", PowerState.ON)
        (host,) = stage.records("Test_HostSystem")
        with pytest.raises(InvalidParameter, match="Test_HostSystem has no power state"):
            await call(stage, SERVICE, METHOD, PowerState=2, ManagedElement=host.path)

    play(scene)


# Turns


def test_a_job_keeps_others_from_its_domain() -> None:
    """A change of state while a job has the domain is Busy, by either method."""

    async def scene(stage: Stage) -> None:
        domain = stage.host.listing.names["running"]
        await stage.host.turns.claim(domain.facts.uuid, "a migration")
        assert await stage.request("running", "3") == BUSY
        assert await request(stage, "running", PowerState.OFF_HARD) == BUSY
        assert stage.driver.done == []
        assert stage.system("running")["RequestedState"] == 0
        stage.host.turns.release(domain.facts.uuid)
        assert await stage.request("running", "3") == DONE

    play(scene)


def test_busy_for_clients_of_libvirt_cim() -> None:
    """They get an error."""

    async def scene(stage: Stage) -> None:
        domain = stage.host.listing.names["running"]
        await stage.host.turns.claim(domain.facts.uuid, "a migration")
        with pytest.raises(Failed, match="Domain is busy"):
            await stage.request("running", "3")
        stage.host.turns.release(domain.facts.uuid)

    play(scene, compat=True)


def test_who_waits_too_long_is_told() -> None:
    """Another change that does not end makes the domain busy."""

    async def scene(stage: Stage) -> None:
        stage.host.turns = Turns(wait_seconds=0.01)
        uuid = stage.host.listing.names["running"].facts.uuid
        async with stage.host.turns.held(uuid, "something long"):
            assert await stage.request("running", "3") == BUSY

    play(scene)


def test_changes_of_one_domain_come_one_after_the_other() -> None:
    """Of two that ask for the same, the second finds it done; both see what the first did."""

    async def scene(stage: Stage) -> None:
        codes = await asyncio.gather(*(stage.request("running", "9") for _ in range(8)))
        assert sorted(codes) == [DONE] + [TRANSITION] * 7
        assert stage.driver.done == [Verb.SUSPEND]

    play(scene)
