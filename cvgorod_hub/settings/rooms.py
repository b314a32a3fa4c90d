"""The apps, and what each request passes through."""

INSTALLED_APPS = [
    "cvgorod_hub",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "solo",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "cvgorod_hub.api",
    "clients",
    "messaging",
    "intents",
    "sandbox",
    "bots",
]
MIDDLEWARE = [
    "cvgorod_hub.api.keys.journal.JournalMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cvgorod_hub.common.pages.SessionMiddleware",
    "cvgorod_hub.common.language.ChosenLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "cvgorod_hub.common.pages.CsrfViewMiddleware",
    "cvgorod_hub.common.pages.AuthenticationMiddleware",
    "cvgorod_hub.common.pages.MessageMiddleware",
    "cvgorod_hub.common.pages.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "cvgorod_hub.urls"
WSGI_APPLICATION = "cvgorod_hub.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
