"""The commands as the shell sees them: names, arguments, help.

The work is in the file of each group, which is imported when its command runs.
"""

import gc
from pathlib import Path
from typing import Annotated

import typer

from virtcim.commands.options import (
    AsJson,
    Config,
    HostNamespace,
    PasswordStdin,
    RoleName,
    StateDir,
    Uris,
    Url,
    UserOption,
)

app = typer.Typer(
    help="WBEM server for virtualization hosts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
user_app = typer.Typer(help="Who may log in.", no_args_is_help=True)
infostore_app = typer.Typer(help="The durable records of domains.", no_args_is_help=True)
app.add_typer(user_app, name="user")
jobs_app = typer.Typer(help="Long work of the server.", invoke_without_command=True)
mof_app = typer.Typer(help="Classes and instances as MOF.", no_args_is_help=True)
app.add_typer(infostore_app, name="infostore")
app.add_typer(jobs_app, name="jobs")
app.add_typer(mof_app, name="mof")

JobId = Annotated[
    str,
    typer.Argument(metavar="ID", help="The job's id, or as much of it as no other begins with."),
]
UserName = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]


def _version(asked: bool) -> None:  # noqa: FBT001 (Typer's callback)
    if asked:
        from virtcim import __version__  # noqa: PLC0415

        print(f"virtcim {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: FBT002 (its callback does the work)
        bool,
        typer.Option("--version", help="Show the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    pass


@app.command()
def serve(
    uris: Uris = None,
    listen: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS:PORT",
            help="Where CIM-XML is served, https:// in front for TLS; may be repeated.",
            show_default="127.0.0.1:5988",
        ),
    ] = None,
    web: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS:PORT",
            help="Where health and metrics are served.",
            show_default=False,
        ),
    ] = None,
    state_dir: StateDir = None,
    config: Config = None,
) -> None:
    """Serve hypervisors until SIGTERM or SIGINT."""
    gc.disable()  # next to nothing of what a start makes becomes garbage; the server enables it
    from virtcim.commands import serve as work  # noqa: PLC0415
    from virtcim.commands.options import settings_of  # noqa: PLC0415

    work.serve(settings_of(config, uris=uris, listen=listen, web=web, state_dir=state_dir))


@app.command()
def check(uris: Uris = None, state_dir: StateDir = None, config: Config = None) -> None:
    """Open every hypervisor and show what works; fails when one does not."""
    from virtcim.commands import check as work  # noqa: PLC0415
    from virtcim.commands.options import settings_of  # noqa: PLC0415

    work.check(settings_of(config, uris=uris, state_dir=state_dir))


@app.command()
def classes(
    part: Annotated[
        str, typer.Argument(metavar="[PART]", help="Show classes whose name has this in it.")
    ] = "",
    config: Config = None,
) -> None:
    """Show the classes that are served: name, superclass, keys."""
    from virtcim.commands import classes as work  # noqa: PLC0415
    from virtcim.commands.options import settings_of  # noqa: PLC0415

    work.classes(settings_of(config), part)


@app.command("set")
def set_(
    setting: Annotated[
        str, typer.Argument(metavar="SETTING", help="`web`, or `web/vda` for a disk of it.")
    ],
    assignments: Annotated[
        list[str],
        typer.Argument(metavar="PROPERTY=VALUE...", help="Commas between values of an array."),
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the difference and change nothing.")
    ] = False,
    url: Url = None,
    user: UserOption = None,
    password_stdin: PasswordStdin = False,
    namespace: HostNamespace = "root/virt",
    config: Config = None,
) -> None:
    """Change a domain or one of its devices through the running server."""
    from virtcim.commands import set as work  # noqa: PLC0415
    from virtcim.commands.options import server_of  # noqa: PLC0415

    server = server_of(config, url, user, password_stdin=password_stdin, namespace=namespace)
    work.change(server, setting, assignments, dry_run=dry_run)


@user_app.command("add")
def user_add(
    name: UserName,
    *,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read the password from the first line of input."),
    ] = False,
    role: Annotated[
        RoleName | None,
        typer.Option(help="What the user may do.", show_default="auth.default_role, read"),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A group for the rules; may be repeated."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Set a new password for a user who is there.")
    ] = False,
    state_dir: StateDir = None,
    config: Config = None,
) -> None:
    """Let a user in; the password is asked for, twice."""
    from virtcim.commands import user as work  # noqa: PLC0415
    from virtcim.commands.options import settings_of  # noqa: PLC0415

    settings = settings_of(config, state_dir=state_dir)
    ask = work.read_password if password_stdin else work.ask_password
    work.add(settings, name, ask, role=role, groups=group, replace=replace)


@user_app.command("role")
def user_role(
    name: UserName,
    role: Annotated[RoleName, typer.Argument(metavar="ROLE", help="none, read, operate or admin.")],
    state_dir: StateDir = None,
    config: Config = None,
) -> None:
    """Say what a user may do; the server notices within seconds."""
    from virtcim.commands import user as work  # noqa: PLC0415
    from virtcim.commands.options import settings_of  # noqa: PLC0415

    work.assign(settings_of(config, state_dir=state_dir), name, role=role)


@user_app.command("groups")
def user_groups(
    name: UserName,
    groups: Annotated[
        list[str] | None, typer.Argument(metavar="[GROUP]...", help="All of them; none for none.")
    ] = None,
    state_dir: StateDir = None,
    config: Config = None,
) -> None:
    """Say which groups a user is in, for the rules of the configuration."""
    from virtcim.commands import user as work  # noqa: PLC0415
    from virtcim.commands.options import settings_of  # noqa: PLC0415

    work.assign(settings_of(config, state_dir=state_dir), name, groups=groups or ())


@user_app.command("remove")
def user_remove(name: UserName, state_dir: StateDir = None, config: Config = None) -> None:
    """Let a user in no more."""
    from virtcim.commands import user as work  # noqa: PLC0415
    from virtcim.commands.options import settings_of  # noqa: PLC0415

    work.remove(settings_of(config, state_dir=state_dir), name)


@user_app.command("list")
def user_list(state_dir: StateDir = None, config: Config = None) -> None:
    """Show who may log in, with role and groups."""
    from virtcim.commands import user as work  # noqa: PLC0415
    from virtcim.commands.options import settings_of  # noqa: PLC0415

    work.names(settings_of(config, state_dir=state_dir))


@infostore_app.command("import")
def infostore_import(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="libvirt-cim's store, usually /etc/libvirt/cim.")
    ],
    state_dir: StateDir = None,
    config: Config = None,
) -> None:
    """Take over the records of libvirt-cim; run it while the server is stopped."""
    from virtcim.commands import infostore as work  # noqa: PLC0415
    from virtcim.commands.options import settings_of  # noqa: PLC0415

    work.take_over(settings_of(config, state_dir=state_dir), directory)


@jobs_app.callback()
def jobs(
    context: typer.Context,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on showing them until interrupted.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Show those that have ended, too.")
    ] = False,
    as_json: AsJson = False,
    state_dir: StateDir = None,
    config: Config = None,
) -> None:
    """Show the jobs that are under way, by the infostore: the server may be down."""
    if context.invoked_subcommand is not None:
        return
    from virtcim.commands import jobs as work  # noqa: PLC0415
    from virtcim.commands.options import settings_of  # noqa: PLC0415

    settings = settings_of(config, state_dir=state_dir)
    (work.watch if watch else work.jobs)(settings, everything=everything, as_json=as_json)


@jobs_app.command("show")
def jobs_show(
    job: JobId, *, as_json: AsJson = False, state_dir: StateDir = None, config: Config = None
) -> None:
    """Show everything of one job."""
    from virtcim.commands import jobs as work  # noqa: PLC0415
    from virtcim.commands.options import settings_of  # noqa: PLC0415

    work.show_one(settings_of(config, state_dir=state_dir), job, as_json=as_json)


@jobs_app.command("stop")
def jobs_stop(
    job: JobId,
    *,
    kill: Annotated[
        bool, typer.Option("--kill", help="Give it up if it does not end in time.")
    ] = False,
    url: Url = None,
    user: UserOption = None,
    password_stdin: PasswordStdin = False,
    namespace: HostNamespace = "root/virt",
    config: Config = None,
) -> None:
    """Ask the running server to end a job.

    A domain that migrates runs on where it is; one that was shut down to migrate by restart is
    started there again, and one whose memory is saved by a snapshot runs on without it. What is
    done already stays done, and work that cannot be ended goes on: the job says what became of it.
    """
    from virtcim.commands import jobs as work  # noqa: PLC0415
    from virtcim.commands.options import server_of  # noqa: PLC0415

    server = server_of(config, url, user, password_stdin=password_stdin, namespace=namespace)
    work.stop(server, job, kill=kill)


@mof_app.command("compile")
def mof_compile(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="MOF files.")],
    *,
    include: Annotated[
        list[Path] | None,
        typer.Option("-I", "--include", metavar="DIR", help="Where else files are looked for."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Compile, say what would be made, and change nothing.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove the instances and classes of the files.")
    ] = False,
    url: Url = None,
    user: UserOption = None,
    password_stdin: PasswordStdin = False,
    namespace: HostNamespace = "root/virt",
    config: Config = None,
) -> None:
    """Put what MOF files declare into a namespace of the running server."""
    from virtcim.commands import mof as work  # noqa: PLC0415
    from virtcim.commands.options import server_of  # noqa: PLC0415

    server = server_of(config, url, user, password_stdin=password_stdin, namespace=namespace)
    work.compile_files(server, files, include or (), dry_run=dry_run, remove=remove)


@mof_app.command("export")
def mof_export(
    classes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CLASS...]", help="These, and what they derive from; else all."),
    ] = None,
    *,
    instances: Annotated[bool, typer.Option("--instances", help="Their instances, too.")] = False,
    url: Url = None,
    user: UserOption = None,
    password_stdin: PasswordStdin = False,
    namespace: HostNamespace = "root/virt",
    config: Config = None,
) -> None:
    """Print the classes of a namespace of the running server as MOF."""
    from virtcim.commands import mof as work  # noqa: PLC0415
    from virtcim.commands.options import server_of  # noqa: PLC0415

    server = server_of(config, url, user, password_stdin=password_stdin, namespace=namespace)
    work.export(server, classes or (), instances=instances)
