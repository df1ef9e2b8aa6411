"""The settings: what an operator may say, where, and what of it makes sense."""

from virtcim.configuration.access import Access, decide
from virtcim.configuration.errors import ConfigurationError, Problem
from virtcim.configuration.loading import load
from virtcim.configuration.settings import Settings

__all__ = ["Access", "ConfigurationError", "Problem", "Settings", "decide", "load"]
