"""What a newcomer reads first at /api/docs."""

DESCRIPTION = """\
Messages of the clients' Telegram groups, and replies that a person approves before they are sent.

**Begin** with a key (in the admin, or `manage.py create_api_key my-agent --scopes read,propose`), press
**Authorize**, and try *Messages*. Every call needs the key, as `X-API-Key: …` or `Authorization: Bearer …`;
a key has scopes (`read`, `propose`, `review`), and each call names the one that it needs.

**An agent's day**: poll `GET /messages?after=latest`, go on with the `next` of each answer, propose with
`POST /send`, and see what became of it with `GET /sandbox/{id}`; or be told: *Webhooks*, below, are
set up in the admin.

**Lists** are pages: `{"next", "previous", "results"}`. Follow `next` until it is null; no row comes twice
and none is missed while others arrive.

**Parameters** that a call does not know, or cannot read, are a 400 that names them. **Errors** are
`{"detail"}`, with `errors` by field where fields are to blame. **Times** are ISO 8601; without an offset they
are read in the hub's time zone. After a **429**, wait as many seconds as `Retry-After` says.
"""
# In the order in which the page shows them.
TAGS = {
    "messages": "What was written: lists, the feed of what is new, one message, the talk around it, numbers.",
    "chats": "The groups and who speaks in them.",
    "clients": "The people, and what each of them wrote.",
    "intents": "What clients meant: sums, by day, and what is urgent.",
    "analytics": "Where a client waits for an answer.",
    "send": "Proposing replies, one or up to 300 at once. Nothing is sent before a person approves.",
    "sandbox": "What became of a reply, and a person's decisions by way of a program.",
}
