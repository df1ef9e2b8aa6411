"""Alembic's scripts: how a store of any released version becomes one of this version."""
