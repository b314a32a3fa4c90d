"""A login in its two steps.

password      the name and the password
second_step   the code, where the account has an authenticator app
completing    what happens when nothing is missing any more
attempts      how often may be tried, by whom and from where
known         browsers in which an account has logged in before
journal       the lines in the log
"""
