"""What texts become: sizes, numbers, flags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtcim.hypervisors.definition import parse_domain, parse_pool

# libvirt's own list: what a unit is worth, in all its spellings.
FACTORS = {
    1: ("b", "byte", "bytes"),
    1000: ("KB",),
    1024: ("k", "K", "KiB"),
    1000**2: ("MB",),
    1024**2: ("M", "m", "MiB", "mib"),
    1000**3: ("GB",),
    1024**3: ("G", "GiB"),
    1000**4: ("TB", "tb"),
    1024**4: ("T", "TiB"),
    1000**5: ("PB",),
    1024**5: ("P", "PiB"),
    1000**6: ("EB",),
    1024**6: ("E", "EiB"),
}
UNITS = {unit: factor for factor, units in FACTORS.items() for unit in units}
LARGEST = 2**64 - 1


def memory(text: str, unit: str | None) -> int | None:
    """A domain's memory in bytes."""
    attribute = "" if unit is None else f" unit='{unit}'"
    return parse_domain(f"<domain><memory{attribute}>{text}</memory></domain>").memory


@given(st.integers(0, LARGEST), st.sampled_from(sorted(UNITS)))
def test_sizes_are_bytes(number: int, unit: str) -> None:
    """Whatever the unit; what no hypervisor can count is None."""
    size = number * UNITS[unit]
    assert memory(str(number), unit) == (size if size <= LARGEST else None)


@given(st.integers(0, 2**40))
def test_sizes_without_a_unit(number: int) -> None:
    """Memory is in KiB, storage in bytes."""
    assert memory(str(number), None) == number * 1024
    pool = parse_pool(f"<pool><capacity>{number}</capacity></pool>")
    assert pool.capacity == number


@pytest.mark.parametrize("unit", ["x", "KX", "KiBB", "MBs", "é", "bits"])
def test_an_unknown_unit(unit: str) -> None:
    """Is no size."""
    assert memory("1", unit) is None


@given(st.text(alphabet="0123456789+-_ .xeE\u0663\u00b2", max_size=30))
def test_numbers(text: str) -> None:
    """What is no number is None, and no text raises."""
    found = parse_domain(f"<domain><vcpu>{text}</vcpu></domain>").vcpus
    try:
        number = int(text.strip(), 16 if text.strip().lower().startswith("0x") else 10)
    except ValueError:
        number = None
    if number is None or not text.isascii() or "_" in text or abs(number) > LARGEST:
        assert found is None
    elif len(text.strip()) <= 18:
        assert found == number


@pytest.mark.parametrize(
    ("text", "value"),
    [("yes", True), ("on", True), ("no", False), ("off", False), ("maybe", None), ("", None)],
)
def test_switches(text: str, *, value: bool | None) -> None:
    """Yes and on, no and off; all else is not known."""
    text = f"<domain><os><bootmenu enable='{text}'/></os></domain>"
    assert parse_domain(text).boot_menu is value


@pytest.mark.parametrize(
    ("feature", "value"),
    [("<acpi/>", True), ("<acpi state='on'/>", True), ("<acpi state='off'/>", False), ("", None)],
)
def test_states(feature: str, *, value: bool | None) -> None:
    """A feature that is there is on, unless its state says off."""
    assert parse_domain(f"<domain><features>{feature}</features></domain>").acpi is value


def test_quotas_may_be_negative() -> None:
    """Minus one is libvirt's "no limit"."""
    text = "<domain><cputune><quota>-1</quota></cputune></domain>"
    tune = parse_domain(text).cpu_tune
    assert tune is not None
    assert tune.quota == -1
