"""How each kind of job is found again after a crash: the one list of them."""

from collections.abc import Mapping

from virtcim.infostore.jobs import JobKind
from virtcim.inventory.host import Host
from virtcim.jobs import Recoverer, configuration, migration, snapshots


def recoverers(hosts: Mapping[str, Host]) -> Mapping[JobKind, Recoverer]:
    """Return the recoverer of each kind.

    hosts: all hosts of the server by name, since work may concern two.
    """
    return {
        JobKind.MIGRATION: migration.recoverer(hosts),
        JobKind.SNAPSHOT: snapshots.recover,
        JobKind.CONFIGURATION: configuration.recover,
    }
