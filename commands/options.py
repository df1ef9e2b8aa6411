"""Arguments and options that commands share, and the settings that they make."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from virtcim.commands.failures import MISUSED, Failure, failing

if TYPE_CHECKING:
    from virtcim.configuration import Settings

Uris = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[URI]...",
        help="Hypervisors, for example qemu:///system; instead of those of the configuration.",
        show_default=False,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Configuration file; /etc/virtcim/virtcim.toml if it is there.",
        show_default=False,
    ),
]
StateDir = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Where records and users are kept.", show_default=False),
]
Url = Annotated[
    str | None,
    typer.Option(help="Of the server.", show_default="where this configuration listens"),
]
UserOption = Annotated[str | None, typer.Option("--user", metavar="NAME", help="Who asks.")]
PasswordStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from the first line of input."),
]
HostNamespace = Annotated[str, typer.Option("--namespace", help="That of the host.")]
RoleName = Literal["none", "read", "operate", "admin"]
"""The roles, as they are called (listeners/principals.py): help must not load a room."""
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON.")]


def settings_of(
    config: Path | None,
    *,
    state_dir: str | None = None,
    uris: list[str] | None = None,
    listen: list[str] | None = None,
    web: str | None = None,
) -> "Settings":
    """Load the settings with what the command line says over them."""
    from virtcim.configuration import ConfigurationError, load  # noqa: PLC0415

    said: dict[str, object] = {"hosts": uris, "listen": listen, "state_dir": state_dir}
    options = {key: value for key, value in said.items() if value}
    if web:
        options["web"] = {"listen": web}
    with failing(ConfigurationError, exit_code=MISUSED):
        return load(options, config)


def server_of(
    config: Path | None, url: str | None, user: str | None, *, password_stdin: bool, namespace: str
) -> Any:
    """Return a connection to the server that is meant; nothing is sent yet."""
    from virtcim.commands.servers import connection  # noqa: PLC0415

    place = url or _served_at(settings_of(config))
    return connection(place, _credentials(user, stdin=password_stdin), namespace)


def _served_at(settings: "Settings") -> str:
    """Return the URL of the server of this configuration, as its clients take it."""
    from virtcim.configuration.endpoints import Endpoint  # noqa: PLC0415

    urls = [str(each) for each in settings.listen if isinstance(each, Endpoint)]
    if not urls:
        raise Failure("this configuration listens on UNIX sockets alone; use --url", MISUSED)
    return urls[0]


def _credentials(user: str | None, *, stdin: bool) -> tuple[str, str] | None:
    """Return who asks a server; None means nobody. The password is read, or asked for."""
    if user is None:
        return None
    if stdin:
        from virtcim.commands.user import read_password  # noqa: PLC0415

        return user, read_password()
    return user, typer.prompt(f"Password of {user}", hide_input=True, err=True)
