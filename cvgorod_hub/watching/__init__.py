"""How the hub is watched: what it counts (`/metrics`), its log, and what Sentry may hear of it.

    requests.py, workers.py ──▶ tallies.py ──▶ Redis ──┐
    facts.py: one statement ─────────────── PostgreSQL ─┼──▶ scrape.py ──▶ views.py: /metrics
    cvgorod_hub/common/alive.py: who lives ─── Redis ──┘
    errors.py says which words of an exception may leave the process; logs.py and sentry.py go by it.

Nothing here holds a chat, a person, an address below a chat's, or what anybody wrote.
"""
