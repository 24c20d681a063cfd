# The image of `gala run`: docker build -t gala-operator:0.1.0 .
# It needs no shell, no package manager and no writable root; /tmp is the only place that is written.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/gala
# What is pinned changes seldom, and is a layer of its own.
COPY constraints.txt pyproject.toml README.md LICENSE ./
RUN mkdir -p operator/gala && touch operator/gala/__init__.py \
 && /opt/gala/bin/python -m pip install --constraint constraints.txt '.[speed]' \
 && /opt/gala/bin/python -m pip uninstall --yes gala-operator \
 && rm -rf operator build
COPY operator operator
RUN /opt/gala/bin/python -m pip install --constraint constraints.txt --no-deps . \
 && /opt/gala/bin/python -m compileall -q /opt/gala/lib \
 && /opt/gala/bin/python -m pip uninstall --yes pip setuptools

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="gala-operator" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/gala /opt/gala
ENV PATH=/opt/gala/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp
WORKDIR /tmp
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["gala"]
CMD ["run"]
