"""Plug-ins that misbehave cost who asks for their classes, and nobody else."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pywbem

from tests.clients.test_pywbem import connect, status_of
from tests.plugging import install_pack
from tests.serving import EIGHT_STATES, PASSWORD, USER, RunningServer, let_in, serving
from virtcim.listeners.principals import Role

NAMESPACE = "root/test"
FAULTY = "Test_Faulty"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose plug-ins have half a second for a call."""
    directory = tmp_path_factory.mktemp("faults")
    install_pack(directory)
    with serving(EIGHT_STATES, directory, providers_call_seconds="0.5") as running:
        yield running


@pytest.fixture
def client(server: RunningServer) -> Iterator[Any]:
    """A connection in the namespace of the pack."""
    connection = connect(server, NAMESPACE)
    yield connection
    connection.InvokeMethod("Misbehave", FAULTY)
    connection.close()


def failure(server: RunningServer, call: Any, *arguments: Any, **more: Any) -> str:
    """Return the text with which a call fails; the log has the number that it names."""
    with pytest.raises(pywbem.CIMError) as caught:
        call(*arguments, **more)
    assert caught.value.status_code == 1
    text = str(caught.value.status_description)
    assert text.startswith("CIM_ERR_FAILED: plug-in pack failed at ")
    number = re.search(r"\(trace ([0-9a-f]{8}) in the server's log\)$", text)
    assert number is not None, text
    (line,) = [x for x in server.log.read_text().splitlines() if f"trace={number[1]} " in x]
    assert " error plugin_failed plugin=pack " in line
    return text


WRONG = {
    "number": "instances of Test_Faulty are no iterable",
    "none": "instances of Test_Faulty are no iterable",
    "nobody": "a plain function gave an awaitable, and is no coroutine function",
    "rows": "an instance of Test_Faulty is 'text', and no mapping",
    "type": "Size of Test_Faulty is 'large'; a uint8 is from 0 to 255",
    "range": "Size of Test_Faulty is 256; a uint8 is from 0 to 255",
    "bool": "Size of Test_Faulty is True; a uint8 is from 0 to 255",
    "text": "Name of Test_Faulty is b'a'; a string is a str",
    "array": "Texts of Test_Faulty is 'not one by one', and no array",
    "scalar": "Name of Test_Faulty is ['a']; a string is a str",
    "property": "Test_Faulty has no property 'Colour'",
    "key": "an instance of Test_Faulty has no Name",
    "null": "an instance of Test_Faulty has no Name",
    "twice": "two instances of Test_Faulty have the same keys",
}


@pytest.mark.parametrize(("how", "text"), WRONG.items())
def test_what_does_not_fit_the_class_is_said(
    server: RunningServer, client: Any, how: str, text: str
) -> None:
    """The client learns which provider gave what; nothing of it is shown."""
    client.InvokeMethod("Misbehave", FAULTY, How=how)
    for operation in (client.EnumerateInstances, client.EnumerateInstanceNames):
        said = failure(server, operation, FAULTY)
        assert f"at instances of Test_Faulty: {text} (trace" in said
    opened = failure(server, client.OpenEnumerateInstances, FAULTY, MaxObjectCount=1)
    assert text in opened
    assert text in failure(server, client.ExecQuery, "WQL", f"SELECT * FROM {FAULTY}")
    client.InvokeMethod("Misbehave", FAULTY)
    assert [one["Name"] for one in client.EnumerateInstances(FAULTY)] == ["well"]


@pytest.mark.parametrize("how", ["raise", "late", "exit"])
def test_what_a_provider_raises_stays_in_the_log(
    server: RunningServer, client: Any, how: str
) -> None:
    """Nobody outside reads its texts or its code; the server goes on, also after an exit."""
    client.InvokeMethod("Misbehave", FAULTY, How=how)
    said = failure(server, client.EnumerateInstances, FAULTY)
    assert re.fullmatch(
        r"CIM_ERR_FAILED: plug-in pack failed at instances of Test_Faulty \(trace .*\)", said
    )
    if how == "raise":
        assert "ZeroDivisionError: secret of the provider" in server.log.read_text()


def test_an_instance_that_was_not_asked_for_is_none(server: RunningServer, client: Any) -> None:
    """What `find` gives has the keys that it was asked for."""
    client.InvokeMethod("Misbehave", FAULTY, How="another")
    path = pywbem.CIMInstanceName(FAULTY, {"Name": "a"}, namespace=NAMESPACE)
    assert "has other keys than" in failure(server, client.GetInstance, path)


METHODS = {
    "result": "method Act returns int, and no Result",
    "value": "what Act returns is 'text'; a uint32 is from 0 to 4294967295",
    "output": "method Act has no output Sum",
}


@pytest.mark.parametrize(("how", "text"), METHODS.items())
def test_what_a_method_gives_is_checked(
    server: RunningServer, client: Any, how: str, text: str
) -> None:
    """By its signature."""
    path = pywbem.CIMInstanceName(FAULTY, {"Name": "a"}, namespace=NAMESPACE)
    client.InvokeMethod("Misbehave", FAULTY, How="")
    client.GetInstance(path)
    client.InvokeMethod("Misbehave", FAULTY, How=how)
    assert f"at method Act of Test_Faulty: {text} (trace" in failure(
        server, client.InvokeMethod, "Act", path
    )


@pytest.mark.parametrize("name", ["Test_Hanging", "Test_Awaited", "Test_Blocked"])
def test_a_provider_that_hangs_holds_up_who_asks(
    server: RunningServer, client: Any, name: str
) -> None:
    """For as long as a call may take; others read domains, and plain providers, meanwhile."""
    told: list[str] = []
    asking = threading.Thread(
        target=lambda: told.append(
            failure(server, connect(server, NAMESPACE).EnumerateInstances, name)
        )
    )
    asking.start()
    read = 0
    while asking.is_alive():
        assert client.EnumerateInstanceNames("Test_Everything")
        assert client.EnumerateInstanceNames("Test_ComputerSystem", namespace="root/virt")
        read += asking.is_alive()
    asking.join()
    assert read > 1, "the first may have waited as long"
    assert "it did not answer within 0.5 s" in told[0]


def test_who_may_not_see_a_class_does_not_have_it_fetched(tmp_path: Path) -> None:
    """It is refused before the plug-in is asked, and rules name its classes and methods."""
    install_pack(tmp_path)
    let_in(tmp_path, role=Role.READ)
    rules = [
        {"classes": ["Test_Hanging"], "deny": ["read"]},
        {"classes": ["Test_Everything"], "allow": ["Caller"]},
    ]
    with serving(
        EIGHT_STATES, tmp_path, rules=json.dumps(rules), providers_call_seconds="0.2"
    ) as server:
        client = pywbem.WBEMConnection(server.url, (USER, PASSWORD), NAMESPACE)
        assert status_of(client.EnumerateInstances, "Test_Hanging") == 2
        assert status_of(client.OpenEnumerateInstances, "Test_Hanging") == 2
        assert " plugin_failed " not in server.log.read_text()
        assert client.InvokeMethod("Caller", "Test_Everything")[0] == f"{USER} None"
        assert status_of(client.InvokeMethod, "EchoStatic", "Test_Everything") == 2
        assert len(client.EnumerateInstances("Test_Everything")) == 3
        client.close()


def test_threads_that_hang_are_bounded(tmp_path: Path) -> None:
    """When so many calls hang, the next one is refused, and no thread more is lost."""
    install_pack(tmp_path)
    with serving(EIGHT_STATES, tmp_path, providers_call_seconds="0.1") as server:
        client = connect(server, NAMESPACE)
        said = [failure(server, client.EnumerateInstances, "Test_Hanging") for _ in range(12)]
        threads = len(list(Path(f"/proc/{server.process.pid}/task").iterdir()))
        said += [failure(server, client.EnumerateInstances, "Test_Hanging") for _ in range(12)]
        assert len(list(Path(f"/proc/{server.process.pid}/task").iterdir())) <= threads
        assert "8 of its calls are under way" in said[-1]
        assert len(client.EnumerateInstanceNames("CIM_ComputerSystem", namespace="root/virt")) > 1
        client.close()
