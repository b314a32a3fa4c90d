"""`make release-schema`: note the tables of the version that is released now.

The next one is held against them (test_older_version.py).
"""

import json
import os

import django
from django.test.utils import get_runner

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"


def main() -> None:
    django.setup()
    from django.conf import settings

    from tests.upgrades.schema import RELEASED, read_schema

    runner = get_runner(settings, "django.test.runner.DiscoverRunner")(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        text = json.dumps(read_schema(), indent=1, sort_keys=True, ensure_ascii=False)
    finally:
        runner.teardown_databases(databases)
    RELEASED.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
