"""Settings of processors."""

from tests.hypervisors.standing import facts_of
from tests.providers.handmade import model_of, records, told
from tests.providers.settings_made import settings_in
from virtcim.infostore.records import DomainRecord
from virtcim.inventory.snapshots import Domain
from virtcim.providers.model import HostModel
from virtcim.providers.processor_settings import PROPERTIES
from virtcim.providers.views import (
    MOST_PROCESSORS,
    PROCESSOR,
    PROCESSOR_SETTING,
    PROCESSORS_ID,
    SettingView,
    setting_views,
)
from virtcim.wbem.objects import Value

TUNED = """
<domain type='kvm'><name>web</name><uuid>11111111-2222-3333-4444-555555555501</uuid>
<memory>1024</memory><iothreads>2</iothreads>
<vcpu placement='static' cpuset='0-3' current='2'>4</vcpu>
<cputune><shares>512</shares><period>100000</period><quota>-1</quota>
  <emulator_period>1000</emulator_period><emulator_quota>2000</emulator_quota>
  <vcpupin vcpu='0' cpuset='0-1'/><vcpupin vcpu='1' cpuset='2'/><emulatorpin cpuset='3'/></cputune>
<cpu mode='custom' match='exact' check='partial'><model>Skylake-Client</model>
  <topology sockets='1' dies='1' cores='2' threads='2'/>
  <feature policy='require' name='vmx'/><feature policy='disable' name='svm'/>
  <numa><cell id='0' cpus='0-1' memory='512' unit='KiB'/><cell cpus='2-3' memory='1' unit='MiB'/>
  </numa></cpu>
<os><type>hvm</type></os></domain>
"""

PLAIN = TUNED[: TUNED.index("<iothreads>")] + "<vcpu>4</vcpu><os><type>hvm</type></os></domain>"


def test_amounts() -> None:
    """The quantity is what the guest has now, the limit what it can have."""
    record = settings_in(PROCESSOR_SETTING, TUNED)["proc"]
    assert told(record, "InstanceID", "ResourceType", "PoolID") == (
        "web/proc", 3, "ProcessorPool/0",
    )  # fmt: skip
    assert told(record, "VirtualQuantity", "Limit", "AllocationUnits") == (2, 4, "count")
    plain = settings_in(PROCESSOR_SETTING, PLAIN)["proc"]
    assert told(plain, "VirtualQuantity", "Limit", "Weight") == (4, 4, None)


def test_tuning() -> None:
    """What `<cputune>` and `<cpu>` say is there, arrays as the class describes them."""
    record = settings_in(PROCESSOR_SETTING, TUNED)["proc"]
    assert told(record, "Weight", "Period", "Quota", "EmulatorPeriod", "EmulatorQuota") == (
        512, 100000, -1, 1000, 2000,
    )  # fmt: skip
    assert told(record, "Sockets", "Dies", "Cores", "Threads") == (1, 1, 2, 2)
    assert told(record, "CPUMode", "CPUModel", "CPUMatch", "CPUCheck") == (
        "custom", "Skylake-Client", "exact", "partial",
    )  # fmt: skip
    assert record["CPUFeatures"] == ("require=vmx", "disable=svm")
    assert record["VCPUPins"] == ("0=0-1", "1=2")
    assert told(record, "EmulatorPins", "CPUSet", "Placement", "IOThreads") == (
        "3", "0-3", "static", 2,
    )  # fmt: skip
    assert record["NUMACells"] == ("0=0-1:512", "1=2-3:1024")


def test_binding_to_processors_of_the_host() -> None:
    """A set or pins bind hard, automatic placement softly, nothing not at all."""
    automatic = PLAIN.replace("<vcpu>", "<vcpu placement='auto'>")
    for text, behavior in ((TUNED, 5), (automatic, 4), (PLAIN, None)):
        assert settings_in(PROCESSOR_SETTING, text)["proc"]["MappingBehavior"] == behavior


def recorded(record: DomainRecord, *names: str, text: str, compat: bool) -> tuple[Value, ...]:
    """Return properties of a domain for which a client asked for a weight and a limit."""
    model = model_of(facts_of(None, text), compat=compat)
    domain = known(model, record)
    (view,) = setting_views(model, domain)[PROCESSOR_SETTING]
    assert isinstance(view, SettingView)
    assert view.id == PROCESSORS_ID
    return tuple(PROPERTIES[name](view) for name in names)


def known(model: HostModel, record: DomainRecord) -> Domain:
    """Return the only domain, with a record."""
    (domain,) = model.host.listing.domains.values()
    return Domain(
        facts=domain.facts, record=record, host=domain.host, version=domain.version,
        state_since=None,
    )  # fmt: skip


def test_what_a_hypervisor_cannot_hold() -> None:
    """The weight that a client asked for stands where the definition has none."""
    asked = DomainRecord(weight=300, limit=50)
    assert recorded(asked, "Weight", "Limit", text=PLAIN, compat=False) == (300, 4)
    assert recorded(asked, "Weight", "Limit", text=TUNED, compat=False) == (512, 4)
    assert recorded(asked, "Weight", "Limit", text=PLAIN, compat=True) == (300, 50)
    assert recorded(DomainRecord(), "Weight", "Limit", text=PLAIN, compat=True) == (None, 0)


def test_a_weight_that_does_not_fit_is_unknown() -> None:
    """Weight is a uint32; records hold more."""
    asked = DomainRecord(weight=2**40)
    assert recorded(asked, "Weight", text=PLAIN, compat=False) == (None,)


def test_old_clients_read_their_unit() -> None:
    """Compat has libvirt-cim's text for the unit."""
    model = model_of(facts_of(None, PLAIN), compat=True)
    (record,) = records(model, PROCESSOR_SETTING)
    assert record["AllocationUnits"] == "Processors"


def test_a_number_of_processors_does_not_fill_the_memory() -> None:
    """A text may say any; there are no more devices than any hypervisor gives."""
    text = PLAIN.replace("<vcpu>4<", "<vcpu>4294967295<")
    assert len(records(model_of(facts_of(None, text)), PROCESSOR)) == MOST_PROCESSORS
