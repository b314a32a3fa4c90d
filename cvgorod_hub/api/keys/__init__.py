"""API keys: who may call, and what they did.

People make, renew and revoke them (issuing.py, admin/, the commands), each call is recognised by one
(recognition.py), within its limit (limits.py), and noted (journal.py, usage.py).
"""

from cvgorod_hub.api.keys.issuing import RotationRefusedError, assign_secret, create_key, revoke, rotate
from cvgorod_hub.api.keys.recognition import recognise, why_unusable

__all__ = [
    "RotationRefusedError",
    "assign_secret",
    "create_key",
    "recognise",
    "revoke",
    "rotate",
    "why_unusable",
]
