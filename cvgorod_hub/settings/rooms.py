"""The apps, and what each request passes through."""

INSTALLED_APPS = [
    "cvgorod_hub",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "cvgorod_hub.staff.admin_config.HubAdminConfig",  # django.contrib.admin with the hub's own site
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
    "cvgorod_hub.staff",
    "clients",
    "messaging",
    "intents",
    "sandbox",
    "bots",
]
MIDDLEWARE = [
    "cvgorod_hub.watching.requests.WatchMiddleware",
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
    "cvgorod_hub.common.pages.CSPMiddleware",
    "cvgorod_hub.common.pages.PermissionsPolicyMiddleware",
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
