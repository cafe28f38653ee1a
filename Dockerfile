# The helpdesk's image: one for web, worker, beat and migrations.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY requirements/tools.txt requirements/production.txt requirements/
RUN python -m venv /opt/tools && /opt/tools/bin/pip install --require-hashes -r requirements/tools.txt \
 && python -m venv /opt/venv && /opt/tools/bin/uv pip install --no-cache --python /opt/venv/bin/python --require-hashes -r requirements/production.txt
COPY . .
RUN /opt/tools/bin/python -m tooling.translations
# Values that let the settings load; nothing of them stays in the image.
RUN SECRET_KEY=only-while-the-image-is-built-and-never-afterwards-000000 STATIC_ROOT=/app/static \
    DATABASE_URL=postgres://desk_app@127.0.0.1/helpdesk REDIS_URL=redis://127.0.0.1 EMAIL_URL=smtp://127.0.0.1 \
    BASE_URL=https://help.example.com ALLOWED_HOSTS=help.example.com \
    /opt/venv/bin/python manage.py collectstatic --noinput

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin helpdesk \
 && install -d -o helpdesk -g helpdesk -m 0700 /data /data/files
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 FILES_ROOT=/data/files STATIC_ROOT=/app/static
WORKDIR /app
USER helpdesk
EXPOSE 8000
CMD ["gunicorn", "--config", "deploy/gunicorn.conf.py", "helpdesk.wsgi:application"]
