"""Who is it: right and wrong headers, what is remembered and for how long, and floods."""

import asyncio
import base64
import gc
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from virtcim.listeners import authentication
from virtcim.listeners.authentication import Authenticator, Overloaded, parse
from virtcim.listeners.principals import Principal
from virtcim.listeners.users import UsersFile, matches

ANNA = Principal("anna")


def basic(name: str, password: str, encoding: str = "utf-8") -> bytes:
    """Build a header's value as clients do."""
    return b"Basic " + base64.b64encode(f"{name}:{password}".encode(encoding))


GOOD = basic("anna", "correct horse")
BAD = basic("anna", "wrong horse")


class Clock:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


class Counted:
    """The real verification, counted, and held up while ``gate`` is closed."""

    def __init__(self) -> None:
        self.calls = 0
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, secret: str, password: str) -> bool:
        """Verify, once the gate is open."""
        self.calls += 1
        assert self.gate.wait(30)
        return matches(secret, password)


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Count the argon2 verifications."""
    counted = Counted()
    monkeypatch.setattr(authentication, "matches", counted)
    return counted


@pytest.fixture
def users(tmp_path: Path) -> UsersFile:
    """Have one user, anna."""
    file = UsersFile(tmp_path / "users")
    file.add("anna", "correct horse")
    return file


def with_authenticator(
    users: UsersFile,
    use: Callable[[Authenticator, Clock], Awaitable[None]],
    failure_seconds: float = 0.0,
) -> None:
    """Run a use against a loaded authenticator with a clock of its own."""

    async def run() -> None:
        clock = Clock()
        authenticator = Authenticator(
            users, realm="node7", clock=clock, failure_seconds=failure_seconds
        )
        authenticator.load()
        try:
            await use(authenticator, clock)
        finally:
            authenticator.close()

    asyncio.run(run())


def test_the_right_password_is_verified_once_and_then_known(
    users: UsersFile, verifications: Counted
) -> None:
    """The second request does not pay for argon2."""

    async def use(authenticator: Authenticator, _clock: Clock) -> None:
        assert authenticator.known(GOOD) is None
        assert await authenticator.verify(GOOD, "127.0.0.1") == ANNA
        assert authenticator.known(GOOD) == ANNA
        assert await authenticator.verify(GOOD, "127.0.0.1") == ANNA
        assert verifications.calls == 1

    with_authenticator(users, use)


@pytest.mark.parametrize(
    "header",
    [BAD, basic("ben", "correct horse"), basic("anna", ""), basic("", ""), b"", b"Basic",
     b"Basic !!!", b"Bearer " + GOOD[6:], basic("ANNA", "correct horse"),
     b"Basic " + base64.b64encode(b"anna"), basic("anna", "x" * 4000)],
)  # fmt: skip
def test_a_wrong_header_is_nobody_and_stays_so(users: UsersFile, header: bytes) -> None:
    """Nothing of a failure is remembered as a success."""

    async def use(authenticator: Authenticator, _clock: Clock) -> None:
        for _ in range(2):
            assert await authenticator.verify(header, "127.0.0.1") is None
            assert authenticator.known(header) is None

    with_authenticator(users, use)


def test_an_unknown_user_is_verified_too(users: UsersFile, verifications: Counted) -> None:
    """Who exists cannot be read from the time that an answer takes."""

    async def use(authenticator: Authenticator, _clock: Clock) -> None:
        await authenticator.verify(basic("ben", "x"), "127.0.0.1")
        assert verifications.calls == 1

    with_authenticator(users, use)


def test_a_failure_is_logged_without_the_password(users: UsersFile) -> None:
    """User and address are in the log, with what could break a line taken out."""

    async def use(authenticator: Authenticator, _clock: Clock) -> None:
        await authenticator.verify(BAD, "192.0.2.1")
        await authenticator.verify(basic("an\nna" + "x" * 100, "wrong horse"), "192.0.2.2")
        await authenticator.verify(b"Digest x", "192.0.2.3")

    with capture_logs() as logs:
        with_authenticator(users, use)
    failures = [line for line in logs if line["event"] == "login_failed"]
    assert [(line["user"], line["peer"]) for line in failures] == [
        ("anna", "192.0.2.1"),
        ("an?na" + "x" * 59, "192.0.2.2"),
        ("-", "192.0.2.3"),
    ]
    assert "horse" not in str(logs)


def test_a_failure_is_delayed_and_a_success_is_not(users: UsersFile) -> None:
    """Guessing takes its time while a right log-in passes by."""

    async def use(authenticator: Authenticator, _clock: Clock) -> None:
        guess = asyncio.create_task(authenticator.verify(BAD, "192.0.2.1"))
        assert await authenticator.verify(GOOD, "127.0.0.1") == ANNA
        done, _ = await asyncio.wait([guess], timeout=0.2)
        assert not done
        guess.cancel()

    with_authenticator(users, use, failure_seconds=60)


def test_a_verification_is_forgotten_after_its_time(
    users: UsersFile, verifications: Counted
) -> None:
    """A remembered password is good for a minute from its verification, used or not."""

    async def use(authenticator: Authenticator, clock: Clock) -> None:
        await authenticator.verify(GOOD, "127.0.0.1")
        for _ in range(31):
            clock.now += 2
            authenticator.known(GOOD)
        assert authenticator.known(GOOD) is None
        await authenticator.verify(GOOD, "127.0.0.1")
        assert verifications.calls == 2

    with_authenticator(users, use)


def test_a_removed_user_is_out_within_seconds(users: UsersFile) -> None:
    """A change of the file is noticed although the password is remembered."""

    async def use(authenticator: Authenticator, clock: Clock) -> None:
        await authenticator.verify(GOOD, "127.0.0.1")
        users.remove("anna")
        clock.now += authentication.CHECK_SECONDS + 0.1
        assert authenticator.known(GOOD) is None
        assert await authenticator.verify(GOOD, "127.0.0.1") is None

    with_authenticator(users, use)


def test_an_unchanged_file_costs_no_verification(users: UsersFile, verifications: Counted) -> None:
    """When the look at the file finds nothing new, what was remembered still is."""

    async def use(authenticator: Authenticator, clock: Clock) -> None:
        await authenticator.verify(GOOD, "127.0.0.1")
        clock.now += authentication.CHECK_SECONDS + 0.1
        assert await authenticator.verify(GOOD, "127.0.0.1") == ANNA
        assert authenticator.known(GOOD) == ANNA
        assert verifications.calls == 1

    with_authenticator(users, use)


def test_who_keeps_coming_stays_known(users: UsersFile, verifications: Counted) -> None:
    """A poller is not verified again and again, so others' floods of log-ins cannot shut it out."""

    async def use(authenticator: Authenticator, clock: Clock) -> None:
        for _ in range(10):
            assert await authenticator.verify(GOOD, "127.0.0.1") == ANNA
            clock.now += 0.7 * authentication.REMEMBER_SECONDS
        assert verifications.calls == 1
        clock.now += authentication.REMEMBER_SECONDS
        assert await authenticator.verify(GOOD, "127.0.0.1") == ANNA
        assert verifications.calls == 2

    with_authenticator(users, use)


def test_an_added_user_is_in_within_seconds(users: UsersFile) -> None:
    """The server need not be restarted for a new user, nor for a new password."""

    async def use(authenticator: Authenticator, clock: Clock) -> None:
        users.add("ben", "new password")
        users.add("anna", "another horse", replace=True)
        clock.now += authentication.CHECK_SECONDS + 0.1
        assert await authenticator.verify(basic("ben", "new password"), "") == Principal("ben")
        assert await authenticator.verify(GOOD, "") is None
        assert await authenticator.verify(basic("anna", "another horse"), "") == ANNA

    with_authenticator(users, use)


def test_a_damaged_file_leaves_the_former_users(users: UsersFile) -> None:
    """A slip of the editor locks nobody out, and is logged."""

    async def use(authenticator: Authenticator, clock: Clock) -> None:
        users.path.write_text("broken")
        clock.now += authentication.CHECK_SECONDS + 0.1
        assert await authenticator.verify(GOOD, "") == ANNA

    with capture_logs() as logs:
        with_authenticator(users, use)
    assert [line["event"] for line in logs] == ["users_file_unusable"]
    assert "line 1" in logs[0]["error"]


def test_a_change_during_a_verification_counts(users: UsersFile, verifications: Counted) -> None:
    """A password that was replaced while it was being verified is not let in."""

    async def use(authenticator: Authenticator, clock: Clock) -> None:
        verifications.gate.clear()
        login = asyncio.create_task(authenticator.verify(GOOD, ""))
        await asyncio.sleep(0.05)
        users.add("anna", "another horse", replace=True)
        clock.now += authentication.CHECK_SECONDS + 0.1
        await authenticator._look_at_file()
        verifications.gate.set()
        assert await login is None

    with_authenticator(users, use)


def test_connections_that_open_together_pay_once(users: UsersFile, verifications: Counted) -> None:
    """Fifty connections of one client are one verification, also when the first one goes."""

    async def use(authenticator: Authenticator, _clock: Clock) -> None:
        verifications.gate.clear()
        logins = [asyncio.create_task(authenticator.verify(GOOD, "")) for _ in range(50)]
        await asyncio.sleep(0.05)
        logins[0].cancel()
        verifications.gate.set()
        results = await asyncio.gather(*logins, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)
        assert results[1:] == [ANNA] * 49
        assert verifications.calls == 1

    with_authenticator(users, use)


def test_a_flood_is_turned_away_and_those_inside_are_not(
    users: UsersFile, verifications: Counted
) -> None:
    """Beyond the queue log-ins are refused unseen; two are verified at a time; the known pass."""

    async def use(authenticator: Authenticator, _clock: Clock) -> None:
        await authenticator.verify(GOOD, "")
        verifications.gate.clear()
        flood = [
            asyncio.create_task(authenticator.verify(basic("anna", str(n)), ""))
            for n in range(authentication.LONGEST_QUEUE + 10)
        ]
        await asyncio.sleep(0.05)
        assert verifications.calls == 1 + authentication.WORKERS
        assert authenticator.known(GOOD) == ANNA
        with pytest.raises(Overloaded):
            await authenticator.verify(BAD, "")
        for task in flood:
            task.cancel()
        authenticator.close()
        verifications.gate.set()
        results = await asyncio.gather(*flood, return_exceptions=True)
        assert sum(isinstance(each, Overloaded) for each in results) == 10

    with_authenticator(users, use)


def test_who_waits_after_failures_takes_no_place(
    users: UsersFile, verifications: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guessers who are slowed do not shut out those who log in, and are themselves bounded."""
    monkeypatch.setattr(authentication, "LONGEST_QUEUE", 2)
    monkeypatch.setattr(authentication, "MOST_PAUSING", 3)

    async def use(authenticator: Authenticator, _clock: Clock) -> None:
        for number in range(10):
            for _ in range(10):
                authenticator._patience.failed(f"198.51.100.{number}", f"user{number}")
        guesses = [
            asyncio.ensure_future(authenticator.verify(basic(f"user{n}", "x"), f"198.51.100.{n}"))
            for n in range(3)
        ]
        await asyncio.sleep(0.05)
        assert verifications.calls == 0
        with pytest.raises(Overloaded):
            await authenticator.verify(basic("user3", "x"), "198.51.100.3")
        for task in guesses[1:]:
            task.cancel()
        for verifying in list(authenticator._verifying.values())[1:]:
            verifying.cancel()
        await asyncio.sleep(0.05)
        assert await authenticator.verify(GOOD, "192.0.2.1") == ANNA
        guesses[0].cancel()

    with_authenticator(users, use, failure_seconds=60)


def test_what_is_remembered_is_bounded(
    users: UsersFile, verifications: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spellings of one header push each other out."""
    monkeypatch.setattr(authentication, "MOST_REMEMBERED", 2)

    async def use(authenticator: Authenticator, _clock: Clock) -> None:
        for blanks in range(3):
            await authenticator.verify(GOOD + b" " * blanks, "")
        assert authenticator.known(GOOD) is None
        assert authenticator.known(GOOD + b"  ") == ANNA

    with_authenticator(users, use)


def test_no_password_is_kept(users: UsersFile) -> None:
    """After a log-in nothing that the authenticator holds has the password or the header."""

    async def use(authenticator: Authenticator, _clock: Clock) -> None:
        await authenticator.verify(GOOD, "")
        gc.collect()
        held = repr(vars(authenticator))
        assert "correct horse" not in held
        assert GOOD[6:].decode() not in held

    with_authenticator(users, use)


def test_users_are_counted_at_start(users: UsersFile, tmp_path: Path) -> None:
    """The count decides whether the server may run open."""
    assert Authenticator(users, realm="x").load() == 1
    assert Authenticator(UsersFile(tmp_path / "none"), realm="x").load() == 0


def test_the_challenge_names_the_realm_and_cannot_be_broken(users: UsersFile) -> None:
    """What a host is called does not end the quoted string."""
    challenge = Authenticator(users, realm='no"de\\7\r\n\u00e9').challenge
    assert challenge == 'Basic realm="node7", charset="UTF-8"'


@pytest.mark.parametrize(
    ("header", "credentials"),
    [
        (basic("anna", "a:b"), ("anna", "a:b")),
        (basic("anna", ""), ("anna", "")),
        (b"bAsIc   " + GOOD[6:] + b" ", ("anna", "correct horse")),
        (basic("ren\u00e9", "\u00e4", "utf-8"), ("ren\u00e9", "\u00e4")),
        (basic("ren\u00e9", "\u00e4", "iso-8859-1"), ("ren\u00e9", "\u00e4")),
        (basic("", "x"), None),
        (b"Basic a", None),
        (b"Basic YTpi YTpi", None),
    ],
)
def test_a_header_is_read(header: bytes, credentials: tuple[str, str] | None) -> None:
    """RFC 7617's form, and what older clients make of it."""
    assert parse(header) == credentials


@given(st.binary(max_size=200))
def test_no_header_breaks_the_reader(header: bytes) -> None:
    """Any bytes are credentials or nothing."""
    for value in (header, b"Basic " + header, b"Basic " + base64.b64encode(header)):
        result = parse(value)
        assert result is None or result[0]
