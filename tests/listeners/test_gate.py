"""Who is it: passwords, certificates and peers, which goes before which, and who is refused."""

import asyncio
import base64
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from virtcim.listeners import authentication, gate
from virtcim.listeners.accounts import system_groups, user_name
from virtcim.listeners.authentication import Authenticator, Overloaded
from virtcim.listeners.certificates import CertificateRule
from virtcim.listeners.clients import Client
from virtcim.listeners.gate import Gate, Refused
from virtcim.listeners.messages import Request
from virtcim.listeners.pam import PamUnusable
from virtcim.listeners.principals import Mechanism, Principal, Role
from virtcim.listeners.users import UsersFile

RULES = (CertificateRule("common_name", "*", "*"),)
NO_UID = 3_999_999_999


def certificate(name: str) -> dict[str, object]:
    """Have a certificate of this common name."""
    return {"subject": ((("commonName", name),),)}


def asking(client: Client, user: str | None = None, password: str = "correct horse") -> Request:
    """Ask over a connection, with a password or without."""
    headers = {}
    if user is not None:
        pair = base64.b64encode(f"{user}:{password}".encode())
        headers[b"authorization"] = b"Basic " + pair
    return Request(b"POST", b"/", "1.1", headers, b"", client.address, 0.0, client=client)


class Clock:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


class FakePam:
    """Knows zoe; `broken` has no verdict."""

    broken = False

    def matches(self, name: str, password: str, address: str) -> bool:
        """Judge a password."""
        if self.broken:
            raise PamUnusable("it is away")
        return (name, password, address) == ("zoe", "correct horse", "192.0.2.1")


@pytest.fixture
def users(tmp_path: Path) -> UsersFile:
    """Have anna, who operates, in a group."""
    file = UsersFile(tmp_path / "users")
    file.add("anna", "correct horse", role=Role.OPERATE, groups=["ops"])
    return file


def with_gate(
    users: UsersFile,
    use: Callable[[Gate, Clock], Awaitable[None]],
    pam: FakePam | None = None,
    *,
    from_file: bool = True,
) -> list[tuple[str, str, str]]:
    """Run a use against a gate; return the failures that it told."""
    heard: list[tuple[str, str, str]] = []

    async def run() -> None:
        clock = Clock()
        passwords = Authenticator(
            users,
            realm="x",
            pam=pam,  # type: ignore[arg-type]
            from_file=from_file,
            clock=clock,
            failure_seconds=0,
            heard=lambda *told: heard.append(told),
        )
        passwords.load()
        try:
            await use(Gate(passwords, RULES, clock=clock), clock)
        finally:
            passwords.close()

    asyncio.run(run())
    return heard


def test_a_certificate_stands_for_a_user(users: UsersFile) -> None:
    """With role and groups of the file if it knows the user, and without them if not."""

    async def use(one: Gate, _clock: Clock) -> None:
        for name, role, groups in (("anna", Role.OPERATE, {"ops"}), ("ben", None, set())):
            request = asking(Client("192.0.2.1", certificate(name)))
            assert not one.says_nothing(request)
            assert one.known(request) is None
            who = Principal(name, Mechanism.CERTIFICATE, role, frozenset(groups))
            assert await one.identify(request) == who
            assert one.known(request) == who

    with_gate(users, use)


def test_a_certificate_of_nobody_is_refused_with_its_subject(users: UsersFile) -> None:
    """It is logged and told, and nothing of it is kept."""

    async def use(one: Gate, _clock: Clock) -> None:
        request = asking(Client("192.0.2.1", certificate("no:body")))
        with pytest.raises(Refused, match="the certificate CN=no:body stands for no user"):
            await one.identify(request)
        assert one.known(request) is None

    with capture_logs() as logs:
        heard = with_gate(users, use)
    assert heard == [("", "192.0.2.1", "the certificate CN=no:body stands for no user")]
    assert [(line["event"], line["user"]) for line in logs] == [("login_failed", "-")]


def test_a_password_goes_before_a_certificate(users: UsersFile) -> None:
    """Whom a request is for is said by the request; a wrong password is not mended by TLS."""

    async def use(one: Gate, _clock: Clock) -> None:
        client = Client("192.0.2.1", certificate("ben"))
        anna = await one.identify(asking(client, "anna"))
        assert anna == Principal("anna", role=Role.OPERATE, groups=frozenset({"ops"}))
        assert one.known(asking(client, "anna")) == anna
        assert await one.identify(asking(client, "anna", "wrong horse")) is None
        ben = await one.identify(asking(client))
        assert ben is not None
        assert ben.name == "ben"

    with_gate(users, use)


def test_who_says_nothing_is_asked(users: UsersFile) -> None:
    """A connection without certificate and peer needs a password."""

    async def use(one: Gate, _clock: Clock) -> None:
        assert one.says_nothing(asking(Client("192.0.2.1")))
        assert not one.says_nothing(asking(Client("192.0.2.1"), "anna"))
        assert not one.says_nothing(asking(Client("uid:0", uid=0)))

    with_gate(users, use)


def test_users_of_this_machine_are_known(users: UsersFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user root and the server's own are administrators unless the file says otherwise."""
    names = {0: "root", 1000: "anna", 1001: "ben", os.geteuid(): user_name(os.geteuid()) or ""}
    monkeypatch.setattr(gate, "user_name", names.get)
    monkeypatch.setattr(gate, "system_groups", lambda name: frozenset({f"{name}s"}))

    async def use(one: Gate, _clock: Clock) -> None:
        async def who(uid: int) -> Principal | None:
            return await one.identify(asking(Client(f"uid:{uid}", uid=uid)))

        peer = Mechanism.PEER
        assert await who(0) == Principal("root", peer, Role.ADMIN, frozenset({"roots"}))
        assert await who(1001) == Principal("ben", peer, None, frozenset({"bens"}))
        groups = frozenset({"annas", "ops"})
        assert await who(1000) == Principal("anna", peer, Role.OPERATE, groups)
        with pytest.raises(Refused, match=f"the user number {NO_UID} has no name here"):
            await who(NO_UID)

    with_gate(users, use)


def test_what_a_connection_told_is_asked_again(users: UsersFile) -> None:
    """A new role reaches open connections."""

    async def use(one: Gate, clock: Clock) -> None:
        request = asking(Client("192.0.2.1", certificate("anna")))
        await one.identify(request)
        users.assign("anna", role=Role.ADMIN)
        clock.now += gate.REMEMBER_SECONDS
        assert one.known(request) is None
        anna = await one.identify(request)
        assert anna is not None
        assert anna.role is Role.ADMIN

    with_gate(users, use)


def test_pam_verifies_whom_the_file_does_not_have(
    users: UsersFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the groups of the system; a name of the file has one password, that of the file."""
    monkeypatch.setattr(authentication, "system_groups", lambda _name: frozenset({"staff"}))

    async def use(one: Gate, clock: Clock) -> None:
        here = Client("192.0.2.1")
        zoe = Principal("zoe", Mechanism.PAM, None, frozenset({"staff"}))
        assert await one.identify(asking(here, "zoe")) == zoe
        assert one.known(asking(here, "zoe")) == zoe
        assert await one.identify(asking(here, "zoe", "wrong")) is None
        assert await one.identify(asking(here, "zoe", "correct\0horse")) is None
        assert await one.identify(asking(here, "anna")) is not None
        for _ in range(40):  # what PAM said does not last as long as it is used
            clock.now += 1.6
            one.known(asking(here, "zoe"))
        assert one.known(asking(here, "zoe")) is None

    with_gate(users, use, FakePam())


def test_pam_alone_leaves_the_file_its_roles(users: UsersFile) -> None:
    """Passwords of the file do not count then, and its roles and groups do."""
    users.add("zoe", "another horse", role=Role.ADMIN, groups=["ops"])

    async def use(one: Gate, _clock: Clock) -> None:
        here = Client("192.0.2.1")
        zoe = await one.identify(asking(here, "zoe"))
        assert zoe is not None
        assert (zoe.mechanism, zoe.role) == (Mechanism.PAM, Role.ADMIN)
        assert "ops" in zoe.groups
        assert await one.identify(asking(here, "zoe", "another horse")) is None
        assert await one.identify(asking(here, "anna")) is None

    with_gate(users, use, FakePam(), from_file=False)


def test_pam_that_is_away_is_no_wrong_password(users: UsersFile) -> None:
    """The client is told to come again, the administrator why."""
    pam = FakePam()
    pam.broken = True

    async def use(one: Gate, _clock: Clock) -> None:
        with pytest.raises(Overloaded):
            await one.identify(asking(Client("192.0.2.1"), "zoe"))

    with capture_logs() as logs:
        with_gate(users, use, pam)
    assert [(line["event"], line["error"]) for line in logs] == [("pam_unusable", "it is away")]


def test_the_system_tells_names_and_groups() -> None:
    """Of those that it knows."""
    assert user_name(0) == "root"
    assert user_name(NO_UID) is None
    assert "root" in system_groups("root")
    assert system_groups("nobody-of-that-name") == frozenset()
