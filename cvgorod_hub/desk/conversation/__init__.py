"""One chat as it was and as it goes on: what was said, what was drafted and sent, and a reply by a person."""
