"""One file a revision; tables.REVISIONS lists them in order."""
