"""Messages that are read in a thread: answered, refused and failed like small ones."""

import asyncio
import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.dsp0203 import check
from tests.listeners.test_cimxml import GET, START, START_HEADERS, Door, N, error, head
from tests.rawhttp import EXPORT_HEADERS, cim_headers, exported, intrinsic
from virtcim.listeners.authentication import Authenticator
from virtcim.listeners.users import UsersFile
from virtcim.wbem.decode import Call, read_call
from virtcim.wbem.parsing import BIG


def big(body: bytes) -> bytes:
    """Return the same message with blanks where they mean nothing."""
    return body.replace(b"REQ>", b"REQ>" + b" " * BIG, 1)


class Watched:
    """Reads calls, and knows in which threads."""

    def __init__(self) -> None:
        self.threads: list[str] = []

    def __call__(self, body: bytes) -> Call:
        """Read a call."""
        self.threads.append(threading.current_thread().name)
        return read_call(body)


def test_the_same_answer() -> None:
    """A big message has the reply of the small one, and is read elsewhere."""
    watched = Watched()
    door = Door(None, watched)
    small, large = door.ask(GET)[1], door.ask(big(GET))[1]
    check(large)
    assert small == large
    here, there = watched.threads
    assert here == threading.current_thread().name
    assert there.startswith("reader")


def test_a_change_and_an_export() -> None:
    """Methods and exports come that way too."""
    door = Door()
    assert b"<RETURNVALUE" in door.ask(big(START), START_HEADERS)[1]
    assert error(door.ask(big(exported("")), EXPORT_HEADERS)[1])[0] == "4"


def test_refusals_and_failures() -> None:
    """Envelope, headers, namespace, parameters: each with its own answer, in their order."""
    door = Door()
    response, _ = door.ask(big(GET).replace(b"</CIM>", b""))
    assert head(response)["CIMError"] == "request-not-well-formed"
    response, _ = door.ask(big(GET), cim_headers("GetClass", N))
    assert head(response)["CIMError"] == "header-mismatch"
    nothing = cim_headers("GetInstance", "root/none")
    missing = intrinsic("GetInstance", namespace="root/none")
    assert error(door.ask(big(missing), nothing)[1])[0] == "3"
    assert error(door.ask(big(intrinsic("GetInstance", namespace=N)))[1])[0] == "4"
    wrong = GET.replace(b"</IMETHODCALL>", b'<IPARAMVALUE NAME="LocalOnly"><VALUE>1</VALUE>'
                        b"</IPARAMVALUE></IMETHODCALL>")  # fmt: skip
    response, _ = door.ask(big(wrong))
    assert head(response)["CIMError"] == "request-not-valid"
    assert [status for *_, status in door.operations()] == [
        "INVALID_NAMESPACE",
        "INVALID_PARAMETER",
    ]


def test_a_right_goes_before(tmp_path: Path) -> None:
    """Who may not is told that, and not what is wrong with the parameters."""
    users = UsersFile(tmp_path / "users")
    users.add("ben", "secret")
    passwords = Authenticator(users, realm="x", failure_seconds=0)
    passwords.load()
    headers = {**cim_headers("DeleteInstance", N), "Authorization": "Basic YmVuOnNlY3JldA=="}
    body = big(intrinsic("DeleteInstance", namespace=N))
    assert error(Door(passwords).ask(body, headers)[1])[0] == "2"
    passwords.close()


def test_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect in the thread is 500, and one event with everything."""

    def fail(_body: bytes) -> Call:
        raise RuntimeError("secret")

    with capture_logs() as logs:
        response, content = Door(None, fail).ask(big(GET))
    assert (response.status, content) == (500, b"")
    assert [entry["event"] for entry in logs] == ["unexpected"]


def test_others_have_their_turn() -> None:
    """While one big message is being read, a small one is answered."""
    reading, go = threading.Event(), threading.Event()

    def slowly(body: bytes) -> Call:
        if len(body) >= BIG:
            reading.set()
            assert go.wait(60)
        return read_call(body)

    door = Door(None, slowly)

    async def run() -> None:
        headers = cim_headers("GetInstance", N)
        slow = asyncio.create_task(door.answer(big(GET), headers))
        await asyncio.to_thread(reading.wait, 60)
        assert (await door.answer(GET, headers)).status == 200
        assert not slow.done()
        go.set()
        assert (await slow).status == 200

    asyncio.run(run())
