"""Static files and media."""

from pathlib import Path

from cvgorod_hub import environment

DATA_DIR: Path = environment.data_dir()
STATIC_URL = "static/"
STATIC_ROOT = environment.BASE_DIR / "static-root"
MEDIA_ROOT = DATA_DIR / "media"
# Who was erased, written down beside the database: a backup must not bring anybody back.
ERASURES_FILE = DATA_DIR / "erasures.jsonl"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Without a collectstatic step, as `make run` has none, WhiteNoise serves from the packages.
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "unfold").exists()
