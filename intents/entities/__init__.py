"""What a message is about: goods with how much of them, and times. `schema` says how it is kept."""
