# The public site as one service: its own user, nothing writable but /data.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/public-site
COPY requirements.lock constraints.txt ./
# Wheels only, but for feedgen: plain Python that is published without one.
RUN PIP_BUILD_CONSTRAINT=constraints.txt PIP_CONSTRAINT=constraints.txt /opt/public-site/bin/pip install \
    --only-binary :all: --no-binary feedgen --require-hashes -r requirements.lock
COPY pyproject.toml hatch_build.py hatch_ground.py package.json package-lock.json .npmrc README.md LICENSE ./
COPY public_site public_site
COPY data_export data_export
COPY templates templates
COPY static static
RUN PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt /opt/public-site/bin/pip install --no-deps . \
    && /opt/public-site/bin/public-site compile

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin mingji \
    && install --directory --owner=mingji --group=mingji /data /data/open-data /srv/static
COPY --from=build /opt/public-site /opt/public-site
ENV PATH=/opt/public-site/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PUBLIC_SITE_DATA=/data
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["public-site"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
