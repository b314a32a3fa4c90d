"""Staff accounts: groups, who in Telegram an account is, and how people log in.

login/      the two steps of a login, what is refused, and what is noted of it
two_step/   authenticator apps: turning them on and off, codes, resetting somebody's
"""
