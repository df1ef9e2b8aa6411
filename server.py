"""The composition root: builds the rooms from the configuration and runs them. Nothing imports it but the commands."""
