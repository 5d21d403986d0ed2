# One image for API, worker and migrations, selected by the command.
ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv .venv
COPY requirements.lock ./
RUN .venv/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY migrations migrations
# Installed in place, so that code, migrations and pyproject.toml are laid out as in a checkout. Compiled
# here, because the user of the last stage has no write access.
RUN .venv/bin/pip install --no-deps --no-build-isolation -e . \
 && .venv/bin/python -m compileall -q src migrations

FROM python:${PYTHON_VERSION}-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent lsos
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
EXPOSE 8000
# Liveness, not readiness: a restart fixes a hung process, but not a missing database.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-c", \
  "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:8000' + os.environ.get('API_V1_PREFIX', '/api/v1') + '/health', timeout=4)"]
CMD ["lsos", "api", "--host", "0.0.0.0", "--port", "8000"]
