"""Settings, from the environment (docs/settings.md); safe for production as they stand.

Without `DATABASE_URL` and `REDIS_URL` the hub uses the embedded servers that `runhub` started on
`HUB_DATA_DIR`, so every command in a second terminal talks to the running hub.
"""

from cvgorod_hub.admin_theme import UNFOLD as UNFOLD
from cvgorod_hub.settings.api import *
from cvgorod_hub.settings.files import *
from cvgorod_hub.settings.keeping import *
from cvgorod_hub.settings.language import *
from cvgorod_hub.settings.logs import *
from cvgorod_hub.settings.reports import *
from cvgorod_hub.settings.rooms import *
from cvgorod_hub.settings.security import *
from cvgorod_hub.settings.servers import *
from cvgorod_hub.settings.tasks import *
from cvgorod_hub.settings.telegram import *
from cvgorod_hub.settings.understanding import *
from cvgorod_hub.settings.watching import *
