"""Which user a client's certificate stands for; TLS has verified it before.

The first rule that fits decides. A name that a rule makes of a certificate is judged like one that
somebody types: it must be able to be a user's.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from virtcim.listeners.users import IllegalUser, check_name

Certificate = Mapping[str, Any]
"""As ssl.SSLSocket.getpeercert gives it."""

# RFC 4514 section 3 and what OpenSSL writes beside it; others keep OpenSSL's long name.
_SHORT: Mapping[str, str] = {
    "commonName": "CN",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "streetAddress": "STREET",
    "domainComponent": "DC",
    "userId": "UID",
}


def subject(certificate: Certificate) -> str:
    """Return the subject as RFC 4514 writes it, the most specific part first: `CN=anna,O=Example`.

    This is the spelling that rules for `subject` are compared with, and that the log shows.
    """
    parts = (
        "+".join(f"{_SHORT.get(kind, kind)}={_escaped(value)}" for kind, value in relative)
        for relative in reversed(certificate.get("subject", ()))
    )
    return ",".join(parts)


def _escaped(value: str) -> str:
    text = re.sub(r'([",+;<>\\])', r"\\\1", value).replace("\0", "\\00")
    text = re.sub(r"^([ #])", r"\\\1", text)
    return re.sub(r" $", r"\\ ", text)


def _common_names(certificate: Certificate) -> Iterator[str]:
    for relative in certificate.get("subject", ()):
        yield from (value for kind, value in relative if kind == "commonName")


def _alternatives(kind: str) -> Callable[[Certificate], Iterator[str]]:
    def values(certificate: Certificate) -> Iterator[str]:
        names = certificate.get("subjectAltName", ())
        return (value for found, value in names if found == kind)

    return values


# The fields that a rule may look at: how values are found, and whether they compare with case.
FIELDS: Mapping[str, tuple[Callable[[Certificate], Iterable[str]], bool]] = {
    "subject":     (lambda certificate: (subject(certificate),), True),
    "common_name": (_common_names,         True),
    "email":       (_alternatives("email"), False),
    "dns":         (_alternatives("DNS"),   False),
    "uri":         (_alternatives("URI"),   True),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CertificateRule:
    """One rule: in which field, what fits, and who that is; `*` is what the pattern's `*` was."""

    field: str
    value: str
    user: str

    def user_of(self, certificate: Certificate) -> str | None:
        """Return the user that the certificate stands for by this rule, None where none."""
        find, case = FIELDS[self.field]
        text = re.escape(self.value).replace(r"\*", "(.*)")
        expression = re.compile(text, re.DOTALL | (0 if case else re.IGNORECASE))
        for value in find(certificate):
            match = expression.fullmatch(value)
            if match is not None:
                return _legal(match[1] if self.user == "*" else self.user)
        return None


def _legal(name: str) -> str | None:
    try:
        return check_name(name)
    except IllegalUser:
        return None


def user_of(rules: Iterable[CertificateRule], certificate: Certificate) -> str | None:
    """Return the user by the first rule that gives one."""
    named = (one.user_of(certificate) for one in rules)
    return next((name for name in named if name is not None), None)
