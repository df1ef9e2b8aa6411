"""What can be asked of a hypervisor beside reading it and the verbs: each action is data.

The rule: an action says what and never how, in libvirt's words and libvirt's XML, which every
driver gives definitions in. A driver has one function for each kind of action that it can do
(`Hypervisor.actions`); what it cannot do is absent there.
"""

from virtcim.hypervisors.actions.action import Action, Changed
from virtcim.hypervisors.actions.changes import (
    AttachDevice,
    DetachDevice,
    DomainChange,
    Note,
    RenameDomain,
    SetAutostart,
    SetBlockLimits,
    SetMemory,
    SetNote,
    SetShares,
    SetVCPUs,
    UpdateDevice,
)
from virtcim.hypervisors.actions.domains import (
    DefineDomain,
    Definitions,
    ReadDefinitions,
    UndefineDomain,
)
from virtcim.hypervisors.actions.filters import DefineFilter, ReadFilter, UndefineFilter
from virtcim.hypervisors.actions.migration import (
    AbortJob,
    AutostartAt,
    BringBack,
    DestinationFacts,
    DomainThere,
    InspectDestination,
    JobStatistics,
    Migrate,
    MigrationFlag,
    ReadFinishedJob,
    ReadJob,
    RemoveLeftover,
    StartAt,
    StartPostCopy,
)
from virtcim.hypervisors.actions.networks import CreateNetwork, DeleteNetwork
from virtcim.hypervisors.actions.pools import (
    CreatePool,
    CreateVolume,
    DeletePool,
    DeleteVolume,
    RefreshPool,
    ResizeVolume,
)
from virtcim.hypervisors.actions.snapshots import (
    Content,
    CreateSnapshot,
    DeleteSnapshot,
    IsBusy,
    RestoreMemory,
    RevertToSnapshot,
    SaveMemory,
)

__all__ = [
    "AbortJob",
    "Action",
    "AttachDevice",
    "AutostartAt",
    "BringBack",
    "Changed",
    "Content",
    "CreateNetwork",
    "CreatePool",
    "CreateSnapshot",
    "CreateVolume",
    "DefineDomain",
    "DefineFilter",
    "Definitions",
    "DeleteNetwork",
    "DeletePool",
    "DeleteSnapshot",
    "DeleteVolume",
    "DestinationFacts",
    "DetachDevice",
    "DomainChange",
    "DomainThere",
    "InspectDestination",
    "IsBusy",
    "JobStatistics",
    "Migrate",
    "MigrationFlag",
    "Note",
    "ReadDefinitions",
    "ReadFilter",
    "ReadFinishedJob",
    "ReadJob",
    "RefreshPool",
    "RemoveLeftover",
    "RenameDomain",
    "ResizeVolume",
    "RestoreMemory",
    "RevertToSnapshot",
    "SaveMemory",
    "SetAutostart",
    "SetBlockLimits",
    "SetMemory",
    "SetNote",
    "SetShares",
    "SetVCPUs",
    "StartAt",
    "StartPostCopy",
    "UndefineDomain",
    "UndefineFilter",
    "UpdateDevice",
]
