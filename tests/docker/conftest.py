from tests.e2e.fixtures import processes, telegram

__all__ = ["processes", "telegram"]
