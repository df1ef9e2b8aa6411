"""libvirt's error codes → our situations, one table.

The rule: the code decides; only the fate of the connection (see native.translated) overrules it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from virtcim.hypervisors.errors import (
    AccessDenied,
    AlreadyExists,
    Busy,
    ConnectionFailed,
    ConnectionLost,
    DomainNotFound,
    HypervisorError,
    HypervisorFailure,
    InvalidArgument,
    InvalidState,
    MigrationFailed,
    NotSupported,
)

# Situation → virErrorNumber. 41, 48, 51, 56, 60, 64 are warnings that no call raises.
# fmt: off
_CODES: Mapping[type[HypervisorError], tuple[int, ...]] = {
    DomainNotFound:    (42,),                       # NO_DOMAIN
    InvalidState:      (55,),                       # OPERATION_INVALID
    NotSupported:      (3, 67, 74, 84),             # NO_SUPPORT, CONFIG_UNSUPPORTED,
                                                    # ARGUMENT_UNSUPPORTED, OPERATION_UNSUPPORTED
    Busy:              (68, 83, 87),                # OPERATION_TIMEOUT (a job holds the domain),
                                                    # BLOCK_COPY_ACTIVE, RESOURCE_BUSY
    AccessDenied:      (29, 45, 79, 88, 94),        # OPERATION_DENIED, AUTH_FAILED, AUTH_CANCELLED,
                                                    # ACCESS_DENIED, AUTH_UNAVAILABLE
    ConnectionLost:    (6, 39),                     # INVALID_CONN, RPC
    ConnectionFailed:  (4, 5, 40, 85, 98),          # UNKNOWN_HOST, NO_CONNECT, GNUTLS_ERROR, SSH,
                                                    # LIBSSH
    AlreadyExists:     (28, 37, 90, 106),           # DOM_, NETWORK_, STORAGE_VOL_,
                                                    # NETWORK_PORT_EXIST
    MigrationFailed:   (69, 81, 93),                # MIGRATE_PERSIST_FAILED, _UNSAFE, _FINISH_OK
    InvalidArgument:   (7, 8,                       # INVALID_DOMAIN, INVALID_ARG
                        16, 17, 18, 19, 20,         # OS_TYPE, NO_KERNEL, _ROOT, _SOURCE, _TARGET
                        21, 22, 23,                 # NO_NAME, _OS, _DEVICE
                        27, 33, 35,                 # XML_ERROR, CONF_SYNTAX, XML_DETAIL
                        36, 44, 46, 47, 52,         # INVALID_NETWORK, _MAC, _STORAGE_POOL,
                                                    # _STORAGE_VOL, _NODE_DEVICE
                        58, 61, 65, 71, 73,         # INVALID_INTERFACE, _NWFILTER, _SECRET,
                                                    # _DOMAIN_SNAPSHOT, _STREAM
                        82, 92, 100, 102, 105,      # OVERFLOW, XML_INVALID_SCHEMA, NWFILTER_
                                                    # BINDING, _DOMAIN_CHECKPOINT, _NETWORK_PORT
                        110),                       # MULTIPLE_DOMAINS
    HypervisorFailure: (0, 1, 2,                    # OK, INTERNAL_ERROR, NO_MEMORY
                        9, 10, 11, 12, 13, 14, 15,  # OPERATION_, GET_, POST_FAILED, HTTP_ERROR,
                                                    # SEXPR_SERIAL, NO_XEN, XEN_CALL
                        24, 25, 26,                 # NO_XENSTORE, DRIVER_FULL, CALL_FAILED
                        30, 31, 32, 34, 38,         # OPEN_, READ_, PARSE_, WRITE_FAILED,
                                                    # SYSTEM_ERROR
                        43, 49, 50, 53, 54,         # NO_NETWORK, _STORAGE_POOL, _STORAGE_VOL,
                                                    # _NODE_DEVICE, _SECURITY_MODEL
                        57, 59, 62, 63, 66,         # NO_INTERFACE, MULTIPLE_INTERFACES, _NWFILTER,
                                                    # BUILD_FIREWALL, NO_SECRET
                        70, 72, 75, 76, 77, 78,     # HOOK_SCRIPT_FAILED, NO_DOMAIN_SNAPSHOT,
                                                    # STORAGE_PROBE_FAILED, _POOL_BUILT,
                                                    # SNAPSHOT_REVERT_RISKY, OPERATION_ABORTED
                        80, 86, 89, 91, 95, 96,     # NO_DOMAIN_METADATA, AGENT_UNRESPONSIVE,
                                                    # DBUS_SERVICE, CPU_INCOMPATIBLE, NO_SERVER,
                                                    # NO_CLIENT
                        97, 99, 101, 103, 104,      # AGENT_UNSYNCED, DEVICE_MISSING,
                                                    # NO_NWFILTER_BINDING, _DOMAIN_CHECKPOINT,
                                                    # _DOMAIN_BACKUP
                        107, 108, 109, 111),        # NO_NETWORK_PORT, NO_HOSTNAME,
                                                    # CHECKPOINT_INCONSISTENT, NO_NETWORK_METADATA
}
# fmt: on

FAILURES: Mapping[int, type[HypervisorError]] = MappingProxyType(
    {code: situation for situation, codes in _CODES.items() for code in codes}
)

# What a read finds no more when it has vanished since it was listed (virErrorNumber).
NO_DOMAIN = frozenset({42})
NO_SNAPSHOT = frozenset({72})
NO_RESOURCE = frozenset({43, 49, 50, 53, 57, 62})  # NO_NETWORK, _STORAGE_POOL, _STORAGE_VOL,
# _NODE_DEVICE, _INTERFACE, _NWFILTER


def failure(error: Any) -> HypervisorError:
    """Our error for a libvirtError; a code that no table knows is a HypervisorFailure.

    Its text may quote a program with the end of a line, and stands in sentences of ours.
    """
    return FAILURES.get(error.get_error_code(), HypervisorFailure)(str(error).strip())


def open_failure(error: Any) -> HypervisorError:
    """Our error for an open that failed: a refusal stays one, all else is ConnectionFailed."""
    situation = FAILURES.get(error.get_error_code(), HypervisorFailure)
    return (AccessDenied if situation is AccessDenied else ConnectionFailed)(str(error).strip())
