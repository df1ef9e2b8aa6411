"""Backups of domains as CIM instances: the files of a directory.

A file is `DOMAIN-20261121T031500Z.SUFFIX`; beside it may be its digest, in `FILE.sha256`, and a
note, in `FILE.note`. All functions are plain ones that read the disk: the server runs them on
threads of the plug-in.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path

from virtcim.broker.kit import (
    Call,
    Context,
    HostView,
    InvalidParameter,
    MethodBody,
    NotFound,
    ObjectPath,
    Plugin,
    PluginRefused,
    Provider,
    Result,
    Row,
)

BACKUP, OF_SYSTEM = "Example_DomainBackup", "Example_BackupOfSystem"
AS_IT_WAS, DAMAGED, NO_DIGEST = 0, 1, 2  # what Verify returns

_FILE = re.compile(r"(?P<domain>.+)-(?P<taken>\d{8}T\d{6}Z)\.(?!sha256$|note$)\w+")
_HEAD = "example:"


@dataclass(frozen=True)
class Backup:
    """A file that is a backup."""

    file: Path
    domain: str
    taken: datetime

    @property
    def instance_id(self) -> str:
        """The key of its instance."""
        return f"{_HEAD}{self.file.name}"

    def beside(self, suffix: str) -> Path:
        """Return the file beside it that has this suffix."""
        return self.file.with_name(f"{self.file.name}.{suffix}")

    def text(self, suffix: str) -> str | None:
        """Return what is written in the file beside it; None if there is none."""
        try:
            return self.beside(suffix).read_text().strip()
        except FileNotFoundError:
            return None

    def remove(self) -> None:
        """Remove it with what is beside it."""
        for path in (self.beside("sha256"), self.beside("note"), self.file):
            path.unlink(missing_ok=True)


class Catalogue:
    """The backups in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def backup(self, name: str) -> Backup | None:
        """Return the backup in a file of this name; None if that is none, or is not there."""
        found = _FILE.fullmatch(name)
        file = self.directory / name
        if found is None or file.parent != self.directory or not file.is_file():
            return None
        try:
            taken = datetime.strptime(found["taken"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:  # digits that are no date
            return None
        return Backup(file, found["domain"], taken)

    def backups(self) -> Iterator[Backup]:
        """Yield all, the oldest first."""
        found = (self.backup(file.name) for file in self.directory.iterdir())
        yield from sorted((one for one in found if one), key=lambda one: (one.taken, one.file))


class Backups(Provider):
    """The backups, to be read, noted, verified and removed."""

    class_name = BACKUP

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def instances(self) -> Iterator[Row]:
        """Yield all backups."""
        return map(_row, self._catalogue.backups())

    def find(self, keys: Row) -> Row | None:
        """Look at one file instead of all."""
        name = str(keys["InstanceID"])
        found = self._catalogue.backup(name.removeprefix(_HEAD)) if name.startswith(_HEAD) else None
        return None if found is None else _row(found)

    def modify(self, keys: Row, changes: Row) -> None:
        """Write a note, the only thing that can be changed."""
        if changes.keys() - {"Caption"}:
            raise InvalidParameter("only Caption of a backup can be changed")
        self._existing(keys).beside("note").write_text(f"{changes['Caption'] or ''}\n")

    def delete(self, keys: Row) -> None:
        """Remove the file."""
        self._existing(keys).remove()

    def methods(self) -> Mapping[str, MethodBody]:
        """Give the methods of the class."""
        return {"Verify": self.verify, "Prune": self.prune}

    def verify(self, call: Call) -> Result:
        """Read the whole file; who has big ones gives `providers.call_seconds` time for it."""
        backup = self._existing(call.keys or {})
        with backup.file.open("rb") as content:
            digest = file_digest(content, "sha256").hexdigest()
        wanted = backup.text("sha256")
        same = AS_IT_WAS if digest == wanted else DAMAGED
        return Result(NO_DIGEST if wanted is None else same, {"Digest": digest})

    def prune(self, call: Call) -> Result:
        """Remove the oldest ones of each domain; the call is on the class, as it is static."""
        keep = call.arguments["KeepLast"]
        if not isinstance(keep, int) or keep < 1:
            raise InvalidParameter("KeepLast is 1 at least")
        of_domain: dict[str, list[Backup]] = {}
        for one in self._catalogue.backups():
            of_domain.setdefault(one.domain, []).append(one)
        removed = [one for backups in of_domain.values() for one in backups[:-keep]]
        for one in removed:
            one.remove()
        return Result(0, {"Removed": [one.instance_id for one in removed]})

    def _existing(self, keys: Row) -> Backup:
        found = self._catalogue.backup(str(keys.get("InstanceID")).removeprefix(_HEAD))
        if found is None:  # it was there when the server looked
            raise NotFound("the backup is not there any more")
        return found


def _row(one: Backup) -> Row:
    return {
        "InstanceID": one.instance_id,
        "ElementName": one.file.name,
        "Caption": one.text("note"),
        "DomainName": one.domain,
        "Taken": one.taken,
        "Size": one.file.stat().st_size,
        "Digest": one.text("sha256"),
    }


class BackupsOfSystems(Provider):
    """Which backup is of which domain: rows of two references are all that it takes."""

    class_name = OF_SYSTEM

    def __init__(self, catalogue: Catalogue, host: HostView) -> None:
        self._catalogue = catalogue
        self._host = host

    def instances(self) -> Iterator[Row]:
        """Yield one for each backup; the server leaves out domains that are gone."""
        for one in self._catalogue.backups():
            keys = (("InstanceID", one.instance_id),)
            backup = ObjectPath(BACKUP, keys, self._host.namespace)
            yield {"Antecedent": self._host.system(one.domain), "Dependent": backup}


def plugin(context: Context) -> Plugin:
    """Serve the backups in the namespace of the first host."""
    directory = context.options.get("directory")
    if not isinstance(directory, str) or not Path(directory).is_absolute():
        raise PluginRefused('set directory = "/PATH" in [providers.options.backups]')
    catalogue, host = Catalogue(Path(directory)), context.hosts[0]
    providers = (Backups(catalogue), BackupsOfSystems(catalogue, host))
    return Plugin(
        mof=Path(__file__).with_name("backups.mof"), providers={host.namespace: providers}
    )
