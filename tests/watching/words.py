"""What must not leave the process."""

TOKEN = "123456789:AAHfiqksKZ8WmR2zSjiQ7_v4TMAKdiHm9T0"
KEY = "cvh_0123456789ab_c2VjcmV0LXNlY3JldC1zZWNyZXQ"
TEXT = "Здравствуйте, нужно сто роз Ред Наоми"
