"""How clients talk to the server: protocol, groups of operations, who they can prove to be.

The rule: nothing is claimed that is not done; tests compare this with the operations there are.
"""

from collections.abc import Mapping

from virtcim.providers.server_state import manager_name, of_server
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import AdvertiseTypes, CommunicationMechanism, FunctionalProfile

OPERATIONS_OF: Mapping[FunctionalProfile, tuple[str, ...]] = {
    # group of operations (DSP0200 section 5.5.1, and annex on pull): its operations
    FunctionalProfile.BASIC_READ: (
        "GetClass", "EnumerateClasses", "EnumerateClassNames", "GetInstance",
        "EnumerateInstances", "EnumerateInstanceNames", "GetProperty",
    ),
    FunctionalProfile.BASIC_WRITE: ("SetProperty",),
    FunctionalProfile.SCHEMA_MANIPULATION: ("CreateClass", "ModifyClass", "DeleteClass"),
    FunctionalProfile.INSTANCE_MANIPULATION: ("CreateInstance", "ModifyInstance",
                                              "DeleteInstance"),
    FunctionalProfile.ASSOCIATION_TRAVERSAL: ("Associators", "AssociatorNames", "References",
                                              "ReferenceNames"),
    FunctionalProfile.QUERY_EXECUTION: ("ExecQuery",),
    FunctionalProfile.QUALIFIER_DECLARATION: ("GetQualifier", "SetQualifier", "DeleteQualifier",
                                              "EnumerateQualifiers"),
    FunctionalProfile.PULLED_READ: (
        "OpenEnumerateInstances", "OpenEnumerateInstancePaths", "OpenReferenceInstances",
        "OpenReferenceInstancePaths", "OpenAssociatorInstances", "OpenAssociatorInstancePaths",
        "PullInstancesWithPath", "PullInstancePaths", "CloseEnumeration",
    ),
    FunctionalProfile.PULLED_READ_COUNT: ("EnumerationCount",),
    FunctionalProfile.PULLED_QUERY_EXECUTION: ("OpenQueryInstances", "PullInstances"),
}  # fmt: skip
"""The groups that are served. INDICATIONS joins them when subscriptions are."""

_VERSION_1_0 = 1  # CIM_CIMXMLCommunicationMechanism.CIMXMLProtocolVersion
_PROTOCOL = "1.4"  # DSP0200

COMMUNICATION: Mapping[str, Getter] = {
    # s is the server
    **of_server("CIM_CIMXMLCommunicationMechanism"),
    "Name":                         lambda s: f"{manager_name(s)}:cim-xml",
    "ElementName":                  lambda _: "CIM-XML",
    "Caption":                      lambda _: "CIM-XML over HTTP",
    "Description":                  lambda _: "CIM operations over HTTP and HTTPS",
    "CommunicationMechanism":       lambda _: CommunicationMechanism.CIM_XML,
    "FunctionalProfilesSupported":  lambda _: tuple(OPERATIONS_OF),
    "MultipleOperationsSupported":  lambda _: False,
    "AuthenticationMechanismsSupported":
        lambda s: tuple(way.number for way in s.authentication),
    "AuthenticationMechanismDescriptions":
        lambda s: tuple(way.text for way in s.authentication),
    "Version":                      lambda _: _PROTOCOL,
    "AdvertiseTypes":               lambda _: (AdvertiseTypes.NOT_ADVERTISED,),
    "CIMXMLProtocolVersion":        lambda _: _VERSION_1_0,
    # An attribute that the DTD does not know is overlooked.
    "CIMValidated":                 lambda _: False,
    # What would be too much is not opened, and nothing that is open is closed for it.
    "PulledEnumerationClosureOnExceedingServerLimitsSupported": lambda _: False,
    "PulledEnumerationContinuationOnErrorSupported":            lambda _: False,
    "PulledEnumerationMaximumOperationTimeout":
        lambda s: s.pull_limits.longest_timeout,
    "PulledEnumerationMinimumOperationTimeout":                 lambda _: 1,
    "PulledEnumerationNoOperationTimeoutSupported":             lambda _: False,
}  # fmt: skip
