"""The command line: one command group a file; the only place that prints."""
