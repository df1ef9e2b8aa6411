"""A hypervisor of our own: a throw-away libvirtd with real QEMU guests and containers.

The daemon has mount, UTS and PID namespaces of its own, so it sees nothing of the machine's
libvirt, leaves nothing behind, and ends with all its guests when its `unshare` process is killed.
Needs root, libvirtd and QEMU; no KVM, no systemd. Guests boot GUEST, a boot sector that obeys keys.
"""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import IntEnum
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import libvirt

# A boot sector for a guest of machine type pc: prints READY on its serial port, powers off at the
# power button, and obeys the keys of Key.
GUEST = bytes.fromhex(
    "ea0500c00731c08ed0bc0070b8c0078ed8fcfbba0206b80001efbef300ac84c07405e8a900ebf6f4ba0006eda90001"
    "740bb80001efb042e89400eb3db401cd1674e530e4cd16e885003c70741a3c73741e3c64741f3c6f74203c7274253c"
    "7474273c6d742aebc0ba0505b001eeebb8b80024eb08b80028eb03b80020ba0406efeba5b0fee664eb9ffa0f011ed7"
    "00ccfa0f0116ed000f20c00c010f22c0eb00bb08008ee324fe0f22c066be00001000646766ff066681c60010000066"
    "81fe0000c00072ebfbb401cd1674c4e959ff5052baf803ee5a58c30000000000000000000000000000ffff00000092"
    "cf000f00dd7c000052454144590a00"
)


class Key(IntEnum):
    """What the guest does at a key (Linux key codes)."""

    PANIC = 25  # p: tells the pvpanic device
    SLEEP = 31  # s: ACPI S3
    POWER_OFF = 24  # o
    RESET = 19  # r
    DIRTY = 50  # m: writes to all of its memory, over and over, until the next key


STATE_DIRECTORIES = {
    "etc": "/etc/libvirt",
    "run": "/run/libvirt",
    "lib": "/var/lib/libvirt",
    "log": "/var/log/libvirt",
}

LIBVIRTD_CONF = """\
auth_unix_ro = "none"
auth_unix_rw = "none"
host_uuid = "{uuid}"
{listen}
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
"""

QEMU_CONF = """\
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
migration_port_min = {port}
migration_port_max = {last}
remote_display_port_min = {display}
remote_display_port_max = {last_display}
"""
PORTS = 10
"""Of each lab, for migrations to it: all are on one machine, and a port may be taken by another one
between libvirt's look at it and QEMU's."""

# The qemu driver wants this account to exist, whoever guests run as.
ACCOUNT = {
    "passwd": "libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin\n",
    "group": "libvirt-qemu:x:64055:\n",
}

LIBVIRTD = (
    "/usr/sbin/libvirtd --config /etc/libvirt/libvirtd.conf --pid-file /run/libvirt/libvirtd.pid"
)
# The daemon is restarted whenever it ends; its pid in the outer namespace is found by its name.
RUN = "while :; do {libvirtd} & wait $!; while [ -e {dir}/hold ]; do sleep 0.02; done; done\n"

_QCOW2 = "<driver name='qemu' type='qcow2'/>"

UNSHARE = ("unshare", "-m", "-u", "-p", "-f", "--kill-child", "--mount-proc")


_labs = count()


def _first_port() -> int:
    """Return where the ports of the next lab begin, below those that any connection may have."""
    return 12000 + os.getpid() % 500 * 4 * PORTS + next(_labs) % 4 * PORTS


DISPLAYS = 40
"""Ports of each lab for displays, from where libvirt has its own."""


def _first_display(port: int) -> int:
    """Return where the displays begin of the lab whose first port this is."""
    return 5900 + (port - 12000) // PORTS % 150 * DISPLAYS


@cache
def _cache() -> Path:
    """Return where the labs of a process keep what QEMU can do: each would ask QEMU for a second.

    A daemon believes of it what fits its QEMU and kernel, and replaces files as a whole.
    """
    directory = Path(tempfile.mkdtemp(prefix="vl-", dir="/tmp"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


class Lab:
    """One private libvirtd, restarted when it dies (guests survive that).

    bridge: a bridge to be made in a network namespace of its own; None means the machine's network.
    listening: lines of libvirtd.conf that say where it listens for other hosts; it does not without
    any.
    """

    def __init__(self, name: str, bridge: str | None = None, listening: Sequence[str] = ()) -> None:
        self.name = name
        self._bridge = bridge
        self._listening = bool(listening)
        # Short, because a Unix socket's path has at most 107 bytes.
        self.directory = Path(tempfile.mkdtemp(prefix="vl-", dir="/tmp"))
        for directory in STATE_DIRECTORIES:
            (self.directory / directory).mkdir()
        lines = "\n".join(listening or ("listen_tls = 0",))
        self._write("etc/libvirtd.conf", LIBVIRTD_CONF.format(uuid=uuid.uuid4(), listen=lines))
        port = _first_port()
        display = _first_display(port)
        ports = {"port": port, "last": port + PORTS - 1}
        displays = {"display": display, "last_display": display + DISPLAYS - 1}
        self._write("etc/qemu.conf", QEMU_CONF.format(**ports, **displays))
        for file, line in ACCOUNT.items():
            text = Path("/etc", file).read_text()
            self._write(file, text if "\nlibvirt-qemu:" in text else f"{text.rstrip()}\n{line}")
        self._write("hosts", f"127.0.0.1 localhost {name}\n")
        self._write("init.sh", self._script())
        network = () if bridge is None else ("-n",)
        script = str(self.directory / "init.sh")
        with (self.directory / "out").open("w") as out:
            self._process = subprocess.Popen(
                (*UNSHARE, *network, "--propagation", "private", "bash", script),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def uri(self, driver: str = "qemu") -> str:
        """The URI of one of its drivers."""
        return f"{driver}+unix:///system?socket={self.directory}/run/libvirt-sock"

    def connect(self, driver: str = "qemu") -> Any:
        """A plain libvirt connection, as soon as the daemon answers."""
        end = time.monotonic() + 30
        while True:
            try:
                return libvirt.open(self.uri(driver))
            except libvirt.libvirtError:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise
                time.sleep(0.02)

    def signal_daemon(self, number: signal.Signals) -> None:
        """Send the daemon a signal; killed, it is restarted unless held."""
        os.kill(self._daemon(), number)

    def open_files(self) -> int:
        """How many files and sockets the daemon has open."""
        return len(list(Path(f"/proc/{self._daemon()}/fd").iterdir()))

    def hold(self) -> None:
        """Keep the daemon down after its next death."""
        (self.directory / "hold").touch()

    def release(self) -> None:
        """Let the daemon start again."""
        (self.directory / "hold").unlink(missing_ok=True)

    def kill_guest(self, name: str) -> None:
        """Kill the process of a running guest."""
        self.signal_guest(name, signal.SIGKILL)

    def signal_guest(self, name: str, number: signal.Signals) -> None:
        """Send the process of a running guest a signal."""
        os.kill(self._descendant("qemu-system", f"guest={name},"), number)

    def boot_image(self, name: str) -> Path:
        """A disk with the boot sector."""
        path = self.directory / f"{name}.img"
        path.write_bytes(GUEST.ljust(510, b"\0") + b"\x55\xaa" + bytes(65536 - 512))
        return path

    def kept_image(self, name: str) -> Path:
        """The same in an image that can hold snapshots."""
        path = self.directory / f"{name}.qcow2"
        source = str(self.boot_image(name))
        subprocess.run(("qemu-img", "convert", "-O", "qcow2", source, str(path)), check=True)
        return path

    def kept_guest_xml(self, name: str) -> str:
        """A guest as `guest_xml` has it, of which snapshots can be made."""
        text = self.guest_xml(name).replace("<driver name='qemu' type='raw'/>", _QCOW2)
        return text.replace(f"{self.directory}/{name}.img", str(self.kept_image(name)))

    def serial_text(self, name: str) -> str:
        """What a guest of `guest_xml` has printed since its last start."""
        path = self.directory / f"{name}.serial"
        return path.read_text(errors="replace") if path.exists() else ""

    def guest_xml(self, name: str, *, devices: str = "", top: str = "") -> str:
        """A QEMU guest that boots in a fraction of a second."""
        return f"""<domain type='qemu'><name>{name}</name>
<memory unit='KiB'>16384</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features>
{top}<on_crash>preserve</on_crash>
<devices><memballoon model='none'/><panic model='isa'/>
<disk type='file' device='disk'><driver name='qemu' type='raw'/>
<source file='{self.boot_image(name)}'/><target dev='hda' bus='ide'/></disk>
<serial type='file'><source path='{self.directory}/{name}.serial'/></serial>
{devices}</devices></domain>"""

    def broken_guest_xml(self, name: str) -> str:
        """A QEMU guest whose disk fails at every read, upon which it is paused."""
        drive = (
            "driver=raw,file.driver=blkdebug,file.image.driver=file,"
            f"file.image.filename={self.boot_image(name)},file.inject-error.0.event=none,"
            "file.inject-error.0.iotype=read,file.inject-error.0.errno=5,"
            "if=none,id=bad,rerror=stop,werror=stop"
        )
        return f"""<domain type='qemu' xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>
<name>{name}</name><memory>16384</memory><os><type machine='pc'>hvm</type></os><q:commandline>
<q:arg value='-drive'/><q:arg value='{drive}'/>
<q:arg value='-device'/><q:arg value='ide-hd,drive=bad,bootindex=1'/></q:commandline></domain>"""

    def stop(self) -> None:
        """End the daemon and every guest."""
        self._process.kill()  # unshare ignores SIGTERM; its children die with it
        self._process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
        for directory in Path("/sys/fs/cgroup").glob("*/machine"):
            with suppress(OSError):  # of containers that have ended; in use, it is not ours
                directory.rmdir()

    def _write(self, file: str, text: str) -> None:
        (self.directory / file).write_text(text)

    def _script(self) -> str:
        mounts = [
            f"mkdir -p {target}; mount --bind {self.directory}/{source} {target}"
            for source, target in STATE_DIRECTORIES.items()
        ]
        mounts.append(f"mkdir -p /var/cache/libvirt; mount --bind {_cache()} /var/cache/libvirt")
        mounts += [
            f"mount --bind {self.directory}/{file} /etc/{file}"
            for file in ("passwd", "group", "hosts")
        ]
        # With both cgroup versions mounted, containers cannot start.
        mounts.append("umount /sys/fs/cgroup/unified 2>/dev/null || true")
        if self._bridge is not None:
            mounts.append(f"ip link add {self._bridge} type bridge; ip link set {self._bridge} up")
            mounts.append("ip link set lo up")
        libvirtd = f"{LIBVIRTD} --listen" if self._listening else LIBVIRTD
        run = RUN.format(libvirtd=libvirtd, dir=self.directory)
        return "\n".join(["set -e", *mounts, f"hostname {self.name}", "set +e", run])

    def _daemon(self) -> int:
        return self._descendant("libvirtd", "--pid-file")

    def _descendant(self, program: str, argument: str) -> int:
        """The pid, as we see it, of one of our processes; raises LookupError."""
        parents = {self._process.pid}
        found = sorted(int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
        for pid in found * 2:
            line, parent = _command_line(pid)
            if parent in parents or pid in parents:
                parents.add(pid)
                if program in line[0] and any(argument in part for part in line):
                    return pid
        raise LookupError(f"no {program} with {argument} in lab {self.name}")


def _command_line(pid: int) -> tuple[list[str], int]:
    try:
        line = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return [""], 0
    return line, parent


def press(domain: Any, key: Key) -> None:
    """Press a key of a guest."""
    domain.sendKey(libvirt.VIR_KEYCODE_SET_LINUX, 20, [int(key)], 1, 0)


def eventually(claim: Callable[[], object], seconds: float = 60) -> None:
    """Wait until the claim holds; fail when it never does.

    A claim on what is not there yet, a LookupError, does not hold yet.
    """
    end = time.monotonic() + seconds
    while not _holds(claim):
        assert time.monotonic() < end, f"still not so after {seconds} s: {claim}"
        time.sleep(0.01)


def _holds(claim: Callable[[], object]) -> bool:
    try:
        return bool(claim())
    except LookupError:
        return False
