"""The living chats of the demo: who is in them (cast), what they say (episodes), when (talk)."""
