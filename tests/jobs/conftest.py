"""The databases that these tests run on."""

from tests.databases import postgresql_directory, postgresql_url, url

__all__ = ["postgresql_directory", "postgresql_url", "url"]
