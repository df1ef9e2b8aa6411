"""Passwords that the system knows: PAM (pam(3)), by ctypes.

The only file that talks to libpam. A call may take as long as its modules like: it belongs into a
worker thread. Neither the name nor the password of a call outlives it here.
"""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

_DIRECTORIES = (Path("/etc/pam.d"), Path("/usr/lib/pam.d"), Path("/usr/etc/pam.d"))  # pam.d(5)

# _pam_types.h
_SUCCESS = 0
_BUF_ERR, _CONV_ERR = 5, 19
# OPEN, SYMBOL, SERVICE, BUF, AUTHINFO_UNAVAIL, CONV, ABORT, MODULE_UNKNOWN: says nothing of the
# password. SYSTEM_ERR is not among them: pam_exec says it when its program refuses.
_NO_VERDICT = frozenset({1, 2, 3, 5, 9, 19, 26, 28})
_PROMPT_ECHO_OFF, _PROMPT_ECHO_ON = 1, 2
_RHOST, _FAIL_DELAY = 4, 10
_SILENT, _DISALLOW_NULL_AUTHTOK = 0x8000, 0x1
MOST_MESSAGES = 32  # PAM_MAX_NUM_MSG


class _Message(ctypes.Structure):
    _fields_: ClassVar = [("msg_style", ctypes.c_int), ("msg", ctypes.c_char_p)]


class _Response(ctypes.Structure):
    _fields_: ClassVar = [("resp", ctypes.c_void_p), ("resp_retcode", ctypes.c_int)]


_CONVERSE = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_int,
    ctypes.POINTER(ctypes.POINTER(_Message)),
    ctypes.POINTER(ctypes.POINTER(_Response)),
    ctypes.c_void_p,
)
_DELAY = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)


class _Conversation(ctypes.Structure):
    _fields_: ClassVar = [("conv", _CONVERSE), ("appdata_ptr", ctypes.c_void_p)]


class PamUnusable(Exception):
    """PAM cannot be asked, whatever the password: no library, or the service is broken."""


class Pam:
    """One PAM service, a file of /etc/pam.d.

    Raises PamUnusable where there is no libpam, or no such file: the service `other`, which PAM
    would take instead, may let in anybody.
    """

    def __init__(self, service: str) -> None:
        self.service = service
        if not any((directory / service).is_file() for directory in _DIRECTORIES):
            raise PamUnusable(
                f"there is no PAM service {service}; make {_DIRECTORIES[0]}/{service}"
            )
        try:
            self._pam, self._libc = ctypes.CDLL("libpam.so.0"), ctypes.CDLL("libc.so.6")
        except OSError as error:
            raise PamUnusable(f"there is no PAM on this machine: {error}") from None
        self._libc.calloc.restype = self._libc.strdup.restype = ctypes.c_void_p
        self._libc.strdup.argtypes = [ctypes.c_char_p]
        self._pam.pam_strerror.restype = ctypes.c_char_p
        # Modules ask for seconds of delay after a failure: they would keep one of few workers.
        self._no_delay = _DELAY(lambda _status, _microseconds, _data: None)

    def matches(self, name: str, password: str, address: str = "") -> bool:
        """Tell whether the password is right and the account may be used.

        `address` is where the user comes from, for modules like pam_access and pam_faillock.
        Raises PamUnusable.
        """
        converse = _CONVERSE(self._answerer(name.encode(), password.encode()))
        conversation = _Conversation(converse, None)
        handle = ctypes.c_void_p()
        status = self._pam.pam_start(
            self.service.encode(), name.encode(), ctypes.byref(conversation), ctypes.byref(handle)
        )
        if status != _SUCCESS:
            raise PamUnusable(f"the PAM service {self.service} cannot be started ({status})")
        try:
            status = self._ask(handle, address)
            said = self._pam.pam_strerror(handle, status).decode(errors="replace")
        finally:
            self._pam.pam_end(handle, status)
        if status in _NO_VERDICT:
            raise PamUnusable(f"the PAM service {self.service} does not work: {said}")
        return bool(status == _SUCCESS)

    def _ask(self, handle: ctypes.c_void_p, address: str) -> int:
        pam = self._pam
        pam.pam_set_item(handle, _FAIL_DELAY, self._no_delay)
        pam.pam_set_item(handle, _RHOST, ctypes.c_char_p(address.encode()))
        status: int = pam.pam_authenticate(handle, _SILENT | _DISALLOW_NULL_AUTHTOK)
        if status == _SUCCESS:
            status = pam.pam_acct_mgmt(handle, _SILENT | _DISALLOW_NULL_AUTHTOK)
        return status

    def _answerer(self, name: bytes, password: bytes) -> Callable[..., int]:
        """Return what answers the modules' questions; libpam frees what it is given."""
        answers = {_PROMPT_ECHO_OFF: password, _PROMPT_ECHO_ON: name}

        def answer(
            count: int,
            messages: "ctypes._Pointer[ctypes._Pointer[_Message]]",
            replies: "ctypes._Pointer[ctypes._Pointer[_Response]]",
            _data: object,
        ) -> int:
            if not 0 < count <= MOST_MESSAGES:
                return _CONV_ERR
            place = self._libc.calloc(count, ctypes.sizeof(_Response))
            if not place:
                return _BUF_ERR
            array = ctypes.cast(place, ctypes.POINTER(_Response))
            for number in range(count):
                said = answers.get(messages[number].contents.msg_style)
                array[number].resp = None if said is None else self._libc.strdup(said)
            replies[0] = array
            return _SUCCESS

        return answer
