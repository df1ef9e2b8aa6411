"""The broker: executes one operation against the schema and the providers."""
