"""Numbers of the WBEM server as it describes itself: protocol, operations, schemas."""

from enum import IntEnum


class CommunicationMechanism(IntEnum):
    """CIM_ObjectManagerCommunicationMechanism.CommunicationMechanism."""

    UNKNOWN = 0
    OTHER = 1
    CIM_XML = 2
    SM_CLP = 3
    WS_MANAGEMENT = 4
    WSDM = 5


class FunctionalProfile(IntEnum):
    """CIM_ObjectManagerCommunicationMechanism.FunctionalProfilesSupported, one entry."""

    UNKNOWN = 0
    OTHER = 1
    BASIC_READ = 2
    BASIC_WRITE = 3
    SCHEMA_MANIPULATION = 4
    INSTANCE_MANIPULATION = 5
    ASSOCIATION_TRAVERSAL = 6
    QUERY_EXECUTION = 7
    QUALIFIER_DECLARATION = 8
    INDICATIONS = 9
    PULLED_READ = 10
    PULLED_READ_COUNT = 11
    PULLED_QUERY_EXECUTION = 12


class AuthenticationMechanism(IntEnum):
    """CIM_ObjectManagerCommunicationMechanism.AuthenticationMechanismsSupported, one entry."""

    UNKNOWN = 0
    OTHER = 1
    NONE = 2
    BASIC = 3
    DIGEST = 4


class WBEMServerOperation(IntEnum):
    """CIM_WBEMServerCapabilities.OperationsSupported, one entry."""

    REQUESTSTATECHANGE = 2
    CREATEWBEMSERVERNAMESPACE = 3
    DELETENAMESPACE = 4
    MODIFYNAMESPACE = 5


class SchemaStatus(IntEnum):
    """CIM_SchemaInformationStructure.Status."""

    UNKNOWN = 0
    FINAL = 2
    EXPERIMENTAL = 3


class OperationType(IntEnum):
    """CIM_CIMOMStatisticalData.OperationType."""

    UNKNOWN = 0
    OTHER = 1
    BATCHED = 2
    GETCLASS = 3
    GETINSTANCE = 4
    DELETECLASS = 5
    DELETEINSTANCE = 6
    CREATECLASS = 7
    CREATEINSTANCE = 8
    MODIFYCLASS = 9
    MODIFYINSTANCE = 10
    ENUMERATECLASSES = 11
    ENUMERATECLASSNAMES = 12
    ENUMERATEINSTANCES = 13
    ENUMERATEINSTANCENAMES = 14
    EXECQUERY = 15
    ASSOCIATORS = 16
    ASSOCIATORNAMES = 17
    REFERENCES = 18
    REFERENCENAMES = 19
    GETPROPERTY = 20
    SETPROPERTY = 21
    GETQUALIFIER = 22
    SETQUALIFIER = 23
    DELETEQUALIFIER = 24
    ENUMERATEQUALIFIERS = 25
    INDICATIONDELIVERY = 26
