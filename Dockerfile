# syntax=docker/dockerfile:1
# Node 20 is the oldest release that Floodgate supports and past its end of life: give a newer one with
# --build-arg NODE_VERSION=24. Tags are exact; a release pins their digests.
ARG NODE_VERSION=20.20.2

FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json asconfig.json ./
COPY assembly ./assembly
COPY src ./src
COPY test/bench ./test/bench
COPY test/support ./test/support
RUN npm run build
ARG REVISION=unknown
RUN echo "${REVISION}" > build/revision

FROM node:${NODE_VERSION}-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev

FROM node:${NODE_VERSION}-bookworm-slim
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Floodgate" \
      org.opencontainers.image.description="The open real-time re-upload detector" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
# tini reaps the children that decode and passes signals on.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/* \
  && groupadd --gid 10001 floodgate \
  && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin floodgate \
  && install --directory --owner=10001 --group=10001 /data
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/build/src ./build/src
COPY --from=build /app/build/kernel ./build/kernel
COPY --from=build /app/build/revision ./build/revision
COPY package.json LICENSE NOTICE ./
# The live page, the self-test and the texts of errors are read from where they are in the repository.
COPY src ./src
COPY docs/operations/errors.md ./docs/operations/errors.md
ENV NODE_ENV=production \
    FLOODGATE_HOST=0.0.0.0 \
    FLOODGATE_PORT=8080 \
    FLOODGATE_DATA=/data
# The root file system may be read-only: what is written goes to /data, and what is temporary to /tmp.
VOLUME /data
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --start-interval=1s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.FLOODGATE_PORT + '/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "node", "build/src/main.js"]
CMD ["serve"]
