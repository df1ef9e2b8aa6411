"""Status codes and the errors that carry them."""

import pytest

from virtcim.wbem import status
from virtcim.wbem.refusal import CIMErrorToken, Refusal, header_mismatch, not_valid, not_well_formed
from virtcim.wbem.status import Status, WBEMError


def test_every_leaf_is_found_by_its_code() -> None:
    """The register holds one class for each code that has one, under that code."""
    leaves = [
        thing
        for thing in vars(status).values()
        if isinstance(thing, type) and issubclass(thing, WBEMError) and thing is not WBEMError
    ]
    registered = {code: leaf for code, leaf in WBEMError.by_status.items() if leaf in leaves}
    assert len(registered) == len(leaves)
    assert all(leaf.status is code for code, leaf in registered.items())


def test_codes_are_those_of_the_document() -> None:
    """DSP0200 leaves 18 and 19 out; the others are consecutive."""
    assert sorted(Status) == [*range(1, 18), *range(20, 30)]


DESCRIPTIONS = (
    (status.Failed("it broke"), "CIM_ERR_FAILED: it broke"),
    (status.InvalidNamespace("a/b"), "CIM_ERR_INVALID_NAMESPACE: namespace 'a/b' does not exist"),
    (status.InvalidClass("X", "n"), "CIM_ERR_INVALID_CLASS: class X does not exist in namespace n"),
    (status.NoSuchProperty("X", "p"), "CIM_ERR_NO_SUCH_PROPERTY: class X has no property p"),
    (status.MethodNotFound("X", "m"), "CIM_ERR_METHOD_NOT_FOUND: class X has no method m"),
    (status.ServerIsShuttingDown("later"), "CIM_ERR_SERVER_IS_SHUTTING_DOWN: later"),
)


@pytest.mark.parametrize(("error", "text"), DESCRIPTIONS)
def test_descriptions_start_with_the_name_of_the_code(error: WBEMError, text: str) -> None:
    """Clients read the code out of the description."""
    assert error.description == text


REFUSALS = (
    (not_valid("x"), 400, CIMErrorToken.REQUEST_NOT_VALID),
    (not_well_formed("x"), 400, CIMErrorToken.REQUEST_NOT_WELL_FORMED),
    (header_mismatch("x"), 400, CIMErrorToken.HEADER_MISMATCH),
)


@pytest.mark.parametrize(("refusal", "http_status", "token"), REFUSALS)
def test_refusals(refusal: Refusal, http_status: int, token: CIMErrorToken) -> None:
    """The three everyday refusals have their status and token."""
    assert (refusal.http_status, refusal.token, refusal.detail) == (http_status, token, "x")


def test_details_are_not_endless() -> None:
    """A detail goes into a header, however long what it quotes is."""
    assert len(not_valid("x" * 100_000).detail) == 400
