"""Webhooks: what happens in the hub, told to the agent's own address.

What happened is written down in the transaction in which it happens (outbox.py) or read from the feed of
messages (followers.py); a worker posts it (delivery.py), signed (signing.py), to public addresses
(addresses.py).
"""
