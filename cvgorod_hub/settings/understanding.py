"""DeepSeek for meanings, Yandex SpeechKit for what was spoken."""

import environ

from cvgorod_hub import environment

env = environ.Env()

# --- DeepSeek ---
DEEPSEEK_API_KEY: str = env.str("DEEPSEEK_API_KEY", default="")
DEEPSEEK_API_URL: str = env.str("DEEPSEEK_API_URL", default="https://api.deepseek.com").rstrip("/")
DEEPSEEK_MODEL: str = env.str("DEEPSEEK_MODEL", default="deepseek-flash")

# --- Yandex SpeechKit ---
YANDEX_CLOUD_API_KEY: str = env.str("YANDEX_CLOUD_API_KEY", default="").strip()
# Without a key, or with recognition switched off, recordings are stored and can be heard all the same.
YANDEX_STT_ENABLED: bool = bool(YANDEX_CLOUD_API_KEY) and (
    not env.str("YANDEX_STT_ENABLED", default="").strip() or env.bool("YANDEX_STT_ENABLED")
)
YANDEX_STT_URL: str = env.str("YANDEX_STT_URL", default="https://stt.api.cloud.yandex.net").rstrip("/")
YANDEX_OPERATION_URL: str = env.str(
    "YANDEX_OPERATION_URL", default="https://operation.api.cloud.yandex.net"
).rstrip("/")
# What was said while recognition was off is recognised afterwards, unless it is older than this.
VOICE_BACKLOG_DAYS = environment.days("VOICE_BACKLOG_DAYS", default=7, most=3650)
# How long the files of recordings stay; 0: for ever. Transcripts stay in any case.
VOICE_KEEP_DAYS = environment.days("VOICE_KEEP_DAYS", default=0, most=3650)
