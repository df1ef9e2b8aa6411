"""Classes whose instances are fixed when the server starts."""

from collections.abc import Iterable, Mapping

from virtcim.broker.provider import Keys, MethodBody
from virtcim.providers.legacy_paths import read_fixed
from virtcim.providers.model import NO_METHODS
from virtcim.providers.serving import has_keys
from virtcim.schema.layouts import Getter, Layout, Record
from virtcim.schema.records import RecordSet
from virtcim.wbem.status import WBEMError


class StaticProvider:
    """Instances of one class, one for each source; `getters` take a source."""

    def __init__(
        self,
        layout: Layout,
        namespace: str,
        getters: Mapping[str, Getter],
        sources: Iterable[object],
        methods: Mapping[str, MethodBody] = NO_METHODS,
    ) -> None:
        self.layout = layout
        self.namespaces = (namespace,)
        self.methods = methods
        self.rehearsed: frozenset[str] = frozenset()
        values = layout.bind(getters)
        self._records = RecordSet(layout, (Record(layout, namespace, values(s)) for s in sources))

    def records(self) -> RecordSet:
        """All instances."""
        return self._records

    def find(self, keys: Keys) -> Record | None:
        """Return the instance whose keys are these."""
        return next((record for record in self._records if has_keys(record, keys)), None)

    def read_path(self, keys: Keys) -> Record | WBEMError:
        """Return the instance that keys name of which some may be missing, or what is wrong."""
        return read_fixed(self._records, self.layout, keys)
