from tests.cvgorod_hub.conftest import folder

__all__ = ["folder"]
