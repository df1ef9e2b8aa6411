"""Hypervisors: what a driver must offer, the facts it reports, its events, and the drivers."""
