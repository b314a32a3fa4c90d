# One image for all processes of the hub: cvgorod_hub/container says what runs in it. docker-compose.yml builds
# and runs it.

# Python 3.11, since that is what every test of the hub runs on, and Debian 12 for as long as it is supported.
# By tag, so that a build brings what was mended in either: `docker compose build --pull`.
FROM python:3.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1


FROM base AS build
WORKDIR /app
COPY requirements/base.txt requirements/
# Wheels alone: nothing is compiled, and nothing comes that the lock does not name by its hash.
RUN python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install \
        --disable-pip-version-check --no-cache-dir --no-compile --only-binary :all: \
        --require-hashes --requirement requirements/base.txt
COPY . .
# The settings want values; what they are matters to none of this, and nothing of it stays.
RUN DJANGO_SECRET_KEY=for-this-step-only SECRETS_PATH=/nonexistent HUB_DATA_DIR=/nonexistent \
        DATABASE_URL=postgres://127.0.0.1/none REDIS_URL=redis://127.0.0.1/0 \
        /opt/venv/bin/python manage.py collectstatic --no-input \
    && /opt/venv/bin/python -m whitenoise.compress --quiet static-root \
    # The hub speaks Russian and English.
    && find /opt/venv/lib -path '*/locale/*/*' ! -path '*/locale/ru/*' ! -path '*/locale/en/*' -type f -delete \
    && /opt/venv/bin/python -m compileall -q -f --invalidation-mode unchecked-hash /opt/venv/lib /app


# pg_dump and pg_restore of the server's own version, for `backup` and `restore`: Debian's are older. They keep
# their libraries to themselves.
FROM postgres:18-bookworm AS postgres
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN mkdir -p /opt/postgresql/bin /opt/postgresql/lib \
    && cp /usr/lib/postgresql/18/bin/pg_dump /usr/lib/postgresql/18/bin/pg_restore /opt/postgresql/lib \
    && ldd /opt/postgresql/lib/pg_* | awk '$2 == "=>" && $3 !~ /\/lib(c|m|resolv|pthread|dl|rt)\.so/ {print $3}' \
        | sort -u | xargs cp -L -t /opt/postgresql/lib \
    && for tool in pg_dump pg_restore; do \
        printf '#!/bin/sh\nLD_LIBRARY_PATH=/opt/postgresql/lib exec /opt/postgresql/lib/%s "$@"\n' "$tool" \
            > "/opt/postgresql/bin/$tool" \
        && chmod 755 "/opt/postgresql/bin/$tool"; \
    done


FROM base
LABEL org.opencontainers.image.title="cvgorod-hub" \
      org.opencontainers.image.licenses="MIT"
# SpeechKit reads voice messages as they are; video notes and m4a go through ffmpeg, which is larger than all the
# rest of the image, so it comes on request (HUB_WITH_FFMPEG=yes).
ARG WITH_FFMPEG=no
# Debian keeps one version of it, the one with the latest security fixes.
# hadolint ignore=DL3008
RUN if [ "$WITH_FFMPEG" = yes ]; then \
        apt-get update \
        && apt-get install -y --no-install-recommends ffmpeg \
        && rm -rf /var/lib/apt/lists/*; \
    fi \
    && groupadd --gid 10001 hub \
    && useradd --uid 10001 --gid hub --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin hub \
    && install -d -o hub -g hub -m 0750 /data
COPY --from=postgres /opt/postgresql /opt/postgresql
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
# SECRETS_PATH is the name of a folder.
# hadolint ignore=DL3064
ENV PATH=/opt/venv/bin:/opt/postgresql/bin:$PATH \
    HUB_LOG_FORMAT=json \
    HUB_DATA_DIR=/data \
    SECRETS_PATH=/run/secrets \
    HUB_LISTEN=0.0.0.0:8000
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-I", "-S", "/app/cvgorod_hub/container/health.py"]
ENTRYPOINT ["python", "-m", "cvgorod_hub.container"]
CMD ["web"]
