"""virtcim: a WBEM server for virtualization hosts.

The rooms of the house are directories at the repository root; this package links to each of them,
so that everything imports as ``virtcim.<room>``. See docs/architecture.md.
"""

from importlib.metadata import version

__version__ = version("virtcim")
