"""Indications: subscriptions, matching, durable queues, delivery."""
