"""A Telegram of our own on loopback: the Bot API for tests and for the demo.

answers, errors, wire, media    what is said: scripted failures, refusals, Telegram's objects, files
update_queue, state, methods    what is known and done, under one lock, without HTTP
params, server, page            the HTTP face
people_acting, runner           the object that tests hold (SimulatedTelegram)
scenario                        the living chats of the demo
"""

from bots.simulator.runner import DEFAULT_TOKEN, SimulatedTelegram
from bots.simulator.wire import Person

__all__ = ["DEFAULT_TOKEN", "Person", "SimulatedTelegram"]
