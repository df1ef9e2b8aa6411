"""Who may talk, walked over every kind of hypervisor and endpoint."""

from pathlib import Path

import pytest

from virtcim.configuration import Access, ConfigurationError, Settings, decide

TEST = "test:///default"
QEMU = "qemu:///system"
LOOPBACK = "127.0.0.1:5988"
NETWORK = "0.0.0.0:5988"
TLS = "https://0.0.0.0:5989"
LOCAL_TLS = "https://[::1]:5989"


def settings(hosts: list[str], listen: list[str], web: str | None = None) -> Settings:
    """Build settings whose TLS files are named."""
    return Settings.model_validate(
        {
            "hosts": hosts,
            "listen": listen,
            "web": {"listen": web},
            "tls": {"certificate": "/c.pem"},
            "users_file": "/users",
        }
    )


NOBODY = "virtcim user add NAME"
PLAIN = "plain HTTP is served on loopback only"


@pytest.mark.parametrize(
    ("hosts", "listen", "users", "outcome"),
    [
        ([TEST],        [LOOPBACK],            0, Access.OPEN),
        ([TEST, TEST],  [LOOPBACK, LOCAL_TLS], 0, Access.OPEN),
        ([TEST],        [LOOPBACK],            1, Access.AUTHENTICATED),
        ([TEST],        [NETWORK],             0, PLAIN),
        ([TEST],        [NETWORK],             1, PLAIN),
        ([TEST],        [TLS],                 0, NOBODY),
        ([TEST],        [TLS, LOOPBACK],       1, Access.AUTHENTICATED),
        ([QEMU],        [LOOPBACK],            0, NOBODY),
        ([TEST, QEMU],  [LOOPBACK],            0, NOBODY),
        ([QEMU],        [LOOPBACK],            1, Access.AUTHENTICATED),
        ([QEMU],        [LOOPBACK, NETWORK],   1, PLAIN),
        ([QEMU],        [TLS],                 0, NOBODY),
        ([QEMU],        [TLS],                 1, Access.AUTHENTICATED),
        ([],            [LOOPBACK],            1, "no hypervisor is named"),
    ],
)  # fmt: skip
def test_who_may_talk(
    hosts: list[str], listen: list[str], users: int, outcome: Access | str
) -> None:
    """Each combination is let in, asked for a password, or refused with what to do."""
    asked = settings(hosts, listen)
    if isinstance(outcome, Access):
        assert decide(asked, has_users=users > 0) is outcome
        return
    with pytest.raises(ConfigurationError) as caught:
        decide(asked, has_users=users > 0)
    assert outcome in str(caught.value)


def test_the_web_follows_the_same_rules() -> None:
    """A page on a network is no safer than an operation."""
    with pytest.raises(ConfigurationError, match="write https://"):
        decide(settings([TEST], [LOOPBACK], web=NETWORK), has_users=True)
    assert decide(settings([TEST], [LOOPBACK], web=LOOPBACK), has_users=False) is Access.OPEN


def test_tls_needs_a_certificate() -> None:
    """An https endpoint without certificate is found before a socket is opened."""
    asked = settings([TEST], [LOCAL_TLS]).model_copy(
        update={"tls": Settings.model_fields["tls"].default}
    )
    with pytest.raises(ConfigurationError, match=r"set tls\.certificate"):
        decide(asked, has_users=True)


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Transport and users are both named, and so is the users file."""
    with pytest.raises(ConfigurationError) as caught:
        decide(settings([QEMU], [NETWORK]), has_users=False)
    assert len(caught.value.problems) == 2
    assert str(Path("/users")) in str(caught.value)


SOCKET = "unix:/run/virtcim/cim.sock"
PAM = {"auth": {"passwords": ["pam"]}}
CERTIFICATES = {
    "tls": {"certificate": "/c.pem", "client_ca": "/ca.pem"},
    "certificates": [{"field": "common_name", "value": "*", "user": "*"}],
}


@pytest.mark.parametrize(
    ("hosts", "listen", "more", "outcome"),
    [
        ([QEMU], [SOCKET],           {},  Access.AUTHENTICATED),
        ([TEST], [SOCKET],           {},  Access.OPEN),
        ([QEMU], [SOCKET, LOOPBACK], {},  NOBODY),
        ([QEMU], [LOOPBACK],         PAM, Access.AUTHENTICATED),
        ([QEMU], [NETWORK],          PAM, PLAIN),
        ([QEMU], [TLS],              PAM, Access.AUTHENTICATED),
        ([QEMU], [TLS],              CERTIFICATES, Access.AUTHENTICATED),
        ([QEMU], [LOOPBACK],         CERTIFICATES, "no endpoint is https://"),
        ([QEMU], [TLS], {"tls": CERTIFICATES["tls"]}, "no certificate stands for a user"),
        ([QEMU], [LOOPBACK], {"certificates": CERTIFICATES["certificates"]}, "tls.client_ca must"),
    ],
)  # fmt: skip
def test_others_than_those_of_the_users_file_may_be_known(
    hosts: list[str], listen: list[str], more: dict[str, object], outcome: Access | str
) -> None:
    """By PAM, by certificates, by the kernel; what has no effect is said."""
    given = {"hosts": hosts, "listen": listen, "tls": {"certificate": "/c.pem"}, **more}
    asked = Settings.model_validate(given)
    if isinstance(outcome, Access):
        assert decide(asked, has_users=False) is outcome
        return
    with pytest.raises(ConfigurationError) as caught:
        decide(asked, has_users=False)
    assert outcome in str(caught.value)
