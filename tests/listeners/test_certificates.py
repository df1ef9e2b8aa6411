"""Which user a certificate stands for."""

import pytest

from virtcim.listeners.certificates import CertificateRule, subject, user_of

ANNA = {
    "subject": (
        (("countryName", "DE"),),
        (("organizationName", 'Exa,mple "x"'),),
        (("commonName", "anna"), ("userId", "17")),
    ),
    "subjectAltName": (
        ("email", "Anna@Example.org"),
        ("DNS", "one.example.org"),
        ("DNS", "two.example.org"),
        ("URI", "spiffe://example.org/anna"),
    ),
}


def test_a_subject_is_written_as_rfc_4514_has_it() -> None:
    """The most specific part is first, and what has a meaning is escaped."""
    assert subject(ANNA) == 'CN=anna+UID=17,O=Exa\\,mple \\"x\\",C=DE'
    assert subject({"subject": ((("commonName", "#a "),),)}) == "CN=\\#a\\ "
    assert subject({}) == ""


@pytest.mark.parametrize(
    ("field", "value", "user", "found"),
    [
        ("common_name", "anna",                  "chief", "chief"),
        ("common_name", "*",                     "*",     "anna"),
        ("common_name", "ANNA",                  "chief", None),
        ("common_name", "an",                    "chief", None),
        ("email",       "*@example.org",         "*",     "Anna"),
        ("email",       "*@example.com",         "*",     None),
        ("email",       "*",                     "*",     "Anna@Example.org"),
        ("dns",         "TWO.example.org",       "two",   "two"),
        ("dns",         "*.example.org",         "*",     "one"),
        ("uri",         "spiffe://example.org/*", "*",    "anna"),
        ("uri",         "*",                     "*",     None),  # a user's name has no colon
        ("subject",     'CN=anna+UID=17,O=Exa\\,mple \\"x\\",C=DE', "chief", "chief"),
        ("subject",     "CN=anna*",              "chief", "chief"),
        ("dns",         "one?example.org",       "x",     None),
    ],
)  # fmt: skip
def test_a_rule_gives_a_user_or_none(field: str, value: str, user: str, found: str | None) -> None:
    """One star stands for any text, other signs for themselves; names must be possible ones."""
    assert user_of([CertificateRule(field, value, user)], ANNA) == found


def test_the_first_rule_that_gives_a_user_counts() -> None:
    """Without any, and with an empty certificate, there is none."""
    rules = [
        CertificateRule("email", "*@other.org", "*"),
        CertificateRule("common_name", "anna", "first"),
        CertificateRule("common_name", "anna", "second"),
    ]
    assert user_of(rules, ANNA) == "first"
    assert user_of([], ANNA) is None
    assert user_of(rules, {}) is None
