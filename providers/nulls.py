"""Properties that are always NULL, and why: what a client misses, it misses on purpose.

The rule: a property of a served class has a getter, a default in its class, or a row here, by the
class that declares it; a test walks them all. Rows are grouped by reason.
"""

from collections.abc import Iterator, Mapping

Reasons = Mapping[tuple[str, str], str]

_GROUPS: tuple[tuple[str, str], ...] = (
    # reason, and Class.Property of each
    ("the other property that it would explain never has the value `Other`",
     """
        CIM_ComputerSystem.OtherDedicatedDescriptions CIM_EnabledLogicalElement.OtherEnabledState
        CIM_NetworkPort.OtherLinkTechnology CIM_LogicalPort.OtherPortType
        CIM_ForwardingService.OtherProtocolType CIM_DisplayController.OtherVideoMemoryType
        CIM_DisplayController.OtherVideoArchitecture CIM_DisplayController.CapabilityDescriptions
        CIM_EthernetPort.CapabilityDescriptions CIM_EthernetPort.OtherEnabledCapabilities
        CIM_SerialController.CapabilityDescriptions CIM_ParallelController.CapabilityDescriptions
        CIM_LANEndpoint.OtherLANType CIM_ProtocolEndpoint.OtherTypeDescription
        CIM_RedirectionService.OtherRedirectionServiceType
        CIM_PowerManagementCapabilities.OtherPowerCapabilitiesDescriptions
        CIM_PowerManagementCapabilities.OtherPowerChangeCapabilities
        CIM_StorageExtent.OtherNameFormat CIM_StorageExtent.OtherNameNamespace
        CIM_StorageExtent.OtherUsageDescription CIM_Memory.OtherErrorDescription
        CIM_VLANEndpoint.OtherEndpointMode CIM_VLANEndpoint.OtherTrunkEncapsulation
        CIM_VirtualSystemMigrationSettingData.OtherTransportType
        CIM_NetworkPort.OtherNetworkPortType CIM_Watchdog.MonitoredEntityDescription
        CIM_Job.OtherRecoveryAction CIM_AffectedJobElement.OtherElementEffectsDescriptions
        CIM_Namespace.DescriptionOfClassType CIM_RegisteredSpecification.OtherSpecificationType
        CIM_RegisteredSpecification.OtherRegisteredOrganization
        CIM_RegisteredSpecification.AdvertiseTypeDescriptions
        CIM_ObjectManagerCommunicationMechanism.AdvertiseTypeDescriptions
        CIM_ObjectManagerCommunicationMechanism.FunctionalProfileDescriptions
        CIM_ObjectManagerCommunicationMechanism.OtherCommunicationMechanismDescription
     """),
    ("deprecated by DMTF in favour of properties that are filled",
     """
        CIM_ManagedSystemElement.Status CIM_ComputerSystem.PowerManagementCapabilities
        CIM_LogicalDevice.Availability CIM_LogicalDevice.StatusInfo
        CIM_LogicalDevice.AdditionalAvailability CIM_LogicalDevice.PowerManagementCapabilities
        CIM_LogicalDevice.PowerManagementSupported CIM_LogicalDevice.LastErrorCode
        CIM_LogicalDevice.ErrorDescription CIM_LogicalDevice.ErrorCleared CIM_LANEndpoint.LANType
        CIM_ProtocolEndpoint.ProtocolType CIM_Memory.ErrorData CIM_Memory.ErrorDataOrder
        CIM_Memory.AdditionalErrorData CIM_Memory.ErrorTransferSize
     """),
    ("jobs start at once, and once; nobody plans them",
     """
        CIM_Job.ScheduledStartTime CIM_Job.RunMonth CIM_Job.RunDay CIM_Job.RunDayOfWeek
        CIM_Job.RunStartInterval CIM_Job.UntilTime
     """),
    ("a second name of what the keys name",
     """
        CIM_ManagedElement.InstanceID
     """),
    ("nothing counts the versions of an instance",
     """
        CIM_ManagedElement.Generation
     """),
    ("the class says as much by its name, and there is nothing to add",
     """
        CIM_ManagedElement.Description
        CIM_StorageExtent.Purpose
     """),
    ("the hypervisor does not tell when, how long or how often",
     """
        CIM_ManagedSystemElement.InstallDate CIM_EnabledLogicalElement.TimeOfLastStateChange
        CIM_Controller.TimeOfLastReset CIM_LogicalDevice.PowerOnHours
        CIM_LogicalDevice.TotalPowerOnHours CIM_LogicalDevice.MaxQuiesceTime
        CIM_Watchdog.TimeOfLastExpiration CIM_Watchdog.MonitoredEntityOnLastExpiration
        CIM_Watchdog.TimeoutInterval CIM_Watchdog.TimerResolution CIM_Memory.ErrorTime
        CIM_VirtualSystemSettingData.CreationTime
     """),
    ("the state of the element cannot be requested",
     """
        CIM_EnabledLogicalElement.AvailableRequestedStates CIM_ComputerSystem.ResetCapability
        CIM_EnabledLogicalElementCapabilities.StateAwareness
     """),
    ("the element cannot be renamed",
     """
        CIM_EnabledLogicalElementCapabilities.ElementNameMask
        CIM_EnabledLogicalElementCapabilities.MaxElementNameLen
     """),
    ("no owners, roles, service levels or start modes are kept",
     """
        CIM_System.PrimaryOwnerContact CIM_System.PrimaryOwnerName CIM_System.Roles
        CIM_Service.PrimaryOwnerContact CIM_Service.PrimaryOwnerName CIM_Service.LoSID
        CIM_Service.LoSOrgID CIM_Service.StartMode CIM_NetworkService.Keywords
        CIM_NetworkService.ServiceURL CIM_NetworkService.StartupConditions
        CIM_NetworkService.StartupParameters CIM_SettingData.SoID CIM_SettingData.SoOrgID
        CIM_SettingData.ComponentSetting CIM_SettingData.ConfigurationName
        CIM_SettingData.ChangeableType
     """),
    ("the pool that an element was allocated from says so (CIM_ElementAllocatedFromPool)",
     """
        CIM_AllocatedLogicalElement.AllocationState
     """),
    ("what it measures is in the metrics, or not split further",
     """
        CIM_Processor.LoadPercentage CIM_BaseMetricDefinition.BreakdownDimensions
        CIM_BaseMetricValue.BreakdownDimension CIM_BaseMetricValue.BreakdownValue
     """),
    ("virtual hardware has no such thing",
     """
        CIM_LogicalDevice.LocationIndicator CIM_Processor.UpgradeMethod
        CIM_Processor.ExternalBusClockSpeed CIM_Processor.MaxClockSpeed
        CIM_Processor.CurrentClockSpeed CIM_Processor.Stepping CIM_Processor.UniqueID
        CIM_Memory.StartingAddress CIM_Memory.EndingAddress CIM_Memory.ErrorInfo
        CIM_Memory.CorrectableError CIM_Memory.ErrorAccess CIM_Memory.ErrorAddress
        CIM_Memory.ErrorResolution CIM_Memory.SystemLevelAddress CIM_LogicalPort.Speed
        CIM_LogicalPort.MaxSpeed CIM_LogicalPort.RequestedSpeed CIM_NetworkPort.PortNumber
        CIM_EthernetPort.PoEPowerEntityType CIM_EthernetPort.PortDiscriminator
        CIM_UserDevice.IsLocked CIM_Keyboard.Layout CIM_Keyboard.NumberOfFunctionKeys
        CIM_Keyboard.Password CIM_PointingDevice.Handedness CIM_PointingDevice.NumberOfButtons
        CIM_PointingDevice.Resolution CIM_SerialController.MaxBaudRate
        CIM_ParallelController.DMASupport CIM_DisplayController.NumberOfVideoPages
        CIM_LogicalDisk.NumExtentsMigrating CIM_StorageVolume.NumExtentsMigrating
        CIM_StorageVolume.CUImage CIM_StorageVolume.EmulatedDevice CIM_StorageVolume.ExtentType
        CIM_StorageVolume.SubsystemID CIM_StorageVolume.RelativePerformanceOrder
        CIM_StorageVolume.RelativePerformanceOrderSet CIM_Controller.MaxNumberControlled
        CIM_Controller.ProtocolDescription CIM_Controller.ProtocolSupported
        CIM_DisplayController.AcceleratorCapabilities CIM_DisplayController.MaxMemorySupported
        CIM_DisplayController.VideoArchitecture CIM_DisplayController.VideoMemoryType
        CIM_SwitchService.BridgeAddress CIM_SwitchService.BridgeAddressType
        CIM_SwitchService.BridgeType CIM_SwitchService.NumPorts Virt_SwitchService.VSIInterface
     """),
    ("how an extent is laid out is not told by libvirt",
     """
        CIM_StorageExtent.ClientSettableUsage CIM_StorageExtent.CompressionState
        CIM_StorageExtent.DataOrganization CIM_StorageExtent.DataRedundancy
        CIM_StorageExtent.DeltaReservation CIM_StorageExtent.ErrorMethodology
        CIM_StorageExtent.ExtentDiscriminator CIM_StorageExtent.ExtentInterleaveDepth
        CIM_StorageExtent.ExtentStatus CIM_StorageExtent.ExtentStripeLength
        CIM_StorageExtent.IsBasedOnUnderlyingRedundancy CIM_StorageExtent.IsCompressed
        CIM_StorageExtent.IsConcatenated CIM_StorageExtent.NameFormat
        CIM_StorageExtent.NameNamespace CIM_StorageExtent.NoSinglePointOfFailure
        CIM_StorageExtent.PackageRedundancy CIM_StorageExtent.Usage
     """),
    ("libvirt does not tell it",
     """
        CIM_Processor.AddressWidth CIM_Processor.DataWidth CIM_Processor.Characteristics
        CIM_Processor.EnabledProcessorCharacteristics CIM_EthernetPort.Capabilities
        CIM_EthernetPort.EnabledCapabilities CIM_EthernetPort.MaxDataSize CIM_EthernetPort.PVID
        CIM_NetworkPort.ActiveMaximumTransmissionUnit
        CIM_NetworkPort.SupportedMaximumTransmissionUnit CIM_NetworkPort.AutoSense
        CIM_NetworkPort.FullDuplex CIM_NetworkPort.NetworkAddresses
        CIM_NetworkPort.PermanentAddress CIM_LogicalPort.UsageRestriction
        CIM_SerialController.Capabilities CIM_ParallelController.Capabilities
        CIM_LANEndpoint.AliasAddresses CIM_LANEndpoint.GroupAddresses
        CIM_ProtocolEndpoint.BroadcastResetSupported CIM_LogicalDevice.OtherIdentifyingInfo
        CIM_LogicalDevice.IdentifyingDescriptions
        CIM_VirtualEthernetSwitchSettingData.MaxNumMACAddress
     """),
    ("libvirt's filters have no such condition",
     """
        CIM_FilterEntry.TrafficClass CIM_Hdr8021Filter.HdrPriorityValue8021
        CIM_Hdr8021Filter.HdrVLANID8021 CIM_IPHeadersFilter.HdrFlowLabel
     """),
    ("by default the hypervisor decides it",
     """
        CIM_VirtualSystemMigrationSettingData.Bandwidth
        CIM_VirtualSystemMigrationSettingData.BandwidthUnit
        Virt_VirtualSystemMigrationSettingData.CheckParameters
        Virt_VirtualSystemMigrationSettingData.MaximumDowntime
        Virt_VirtualSystemMigrationSettingData.MigrationURI
        Virt_VirtualSystemMigrationSettingData.NewName
     """),
    ("libvirt has no such setting for the kind of resource",
     """
        CIM_ResourceAllocationSettingData.Connection
        CIM_ResourceAllocationSettingData.HostResource CIM_ResourceAllocationSettingData.Limit
        CIM_ResourceAllocationSettingData.MappingBehavior
        CIM_ResourceAllocationSettingData.Reservation
        CIM_ResourceAllocationSettingData.ResourceSubType CIM_ResourceAllocationSettingData.Weight
        CIM_ResourcePool.MaxConsumableResource CIM_PowerManagementCapabilities.PowerCapabilities
        CIM_VirtualSystemSettingData.AutomaticRecoveryAction
        CIM_VirtualSystemSettingData.AutomaticShutdownAction
        CIM_VirtualSystemSettingData.AutomaticStartupActionDelay
        CIM_VirtualSystemSettingData.AutomaticStartupActionSequenceNumber
        CIM_VirtualSystemSettingData.Notes
     """),
    ("the domain's own properties say it (CIM_ComputerSystem)",
     """
        CIM_AssociatedPowerManagementService.OtherPowerState
        CIM_AssociatedPowerManagementService.OtherRequestedPowerState
        CIM_AssociatedPowerManagementService.PowerOnTime
        CIM_AssociatedPowerManagementService.AvailableRequestedPowerStates
        CIM_AssociatedPowerManagementService.TransitioningToPowerState
     """),
    ("all kinds of traffic pass, and no service comes before another",
     """
        CIM_ActiveConnection.TrafficType CIM_ActiveConnection.OtherTrafficDescription
        CIM_ServiceAffectsElement.OtherElementEffectsDescriptions
        CIM_ServiceAffectsElement.AssignedSequence
     """),
    ("what is counted are numbers since the start, and no rates",
     """
        CIM_StatisticalData.RateIntervalEndTime CIM_StatisticalData.RateIntervalStartTime
     """),
    ("the machine of the server is told from others by its name alone",
     """
        CIM_System.IdentifyingDescriptions CIM_System.OtherIdentifyingInfo
     """),
    ("what is optional in the profile is told by other classes",
     """
        CIM_RegisteredProfile.ImplementedFeatures
     """),
    ("paths of the hypervisor's own files are not shown",
     """
        CIM_VirtualSystemSettingData.ConfigurationDataRoot
        CIM_VirtualSystemSettingData.ConfigurationFile CIM_VirtualSystemSettingData.LogDataRoot
        CIM_VirtualSystemSettingData.RecoveryFile CIM_VirtualSystemSettingData.SnapshotDataRoot
        CIM_VirtualSystemSettingData.SuspendDataRoot CIM_VirtualSystemSettingData.SwapFileDataRoot
     """),
)  # fmt: skip


def _reasons() -> Iterator[tuple[tuple[str, str], str]]:
    for reason, names in _GROUPS:
        for name in names.split():
            origin, _, declared = name.partition(".")
            yield (origin, declared), reason


REASONS: Reasons = dict(_reasons())
"""Why a property is NULL, by the class that declares it and by its name.

A row holds for each class where nothing fills the property; others may fill it.
"""
