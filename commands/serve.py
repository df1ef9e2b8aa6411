"""``virtcim serve``: the server in the foreground."""

from virtcim.commands.failures import MISUSED, failing
from virtcim.configuration import ConfigurationError, Settings
from virtcim.infostore import InfostoreError
from virtcim.listeners.audit import AuditError
from virtcim.listeners.pam import PamUnusable
from virtcim.listeners.sockets import SocketError
from virtcim.listeners.tls import TLSError
from virtcim.listeners.users import UsersError
from virtcim.providers.plugins import PluginError
from virtcim.server import StartError, run


def serve(settings: Settings) -> None:
    """Run the server; what keeps it from starting ends the command with a message."""
    with (
        failing(ConfigurationError, exit_code=MISUSED),
        failing(StartError, SocketError, InfostoreError),
        failing(UsersError, TLSError, PamUnusable, AuditError),
        failing(PluginError),
    ):
        # Flushed: whoever waits for this line may read it through a pipe.
        run(settings, lambda line: print(line, flush=True))
