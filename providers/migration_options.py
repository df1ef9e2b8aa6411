"""What the operator says of migrations."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationOptions:
    """How the server migrates.

    ssh_key: the private key that clients may install and ask for; None means that they may not.
    tls_directory: with the certificates for other hosts; None leaves that to libvirt.
    checks: the directory of the operator's programs that must agree; None means that there is none.
    check_seconds: how long each of them may take. shutdown_seconds: how long a guest may take.
    """

    ssh_key: Path | None = None
    tls_directory: Path | None = None
    checks: Path | None = None
    check_seconds: float = 10.0
    shutdown_seconds: float = 120.0


NO_OPTIONS = MigrationOptions()
