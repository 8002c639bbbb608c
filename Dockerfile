# Builds the bundle, then keeps what it needs at run time: Node and dist/.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN node scripts/build.mjs && rm dist/index.cjs && mkdir /runtime && cp -r dist docker package.json LICENSE /runtime/

FROM node:24-bookworm-slim
ENV NODE_ENV=production BUSBAR_HOST=0.0.0.0 BUSBAR_PORT=4566
WORKDIR /busbar
COPY --from=build /runtime ./
# Init files are mounted where LocalStack has them.
RUN mkdir -p /data /etc/localstack/init && chown node:node /data && ln -s /busbar/dist/cli.js /usr/local/bin/busbar
USER node
EXPOSE 4566
VOLUME /data
# Engines before Docker 25, and Podman, refuse a Dockerfile with --start-interval.
HEALTHCHECK --interval=2s --timeout=3s --start-period=30s --retries=5 CMD ["bash", "/busbar/docker/healthcheck.sh"]
# The process handles SIGTERM and SIGINT itself, also as number one.
STOPSIGNAL SIGTERM
# Options of Busbar follow the image's name.
ENTRYPOINT ["node", "--max-semi-space-size=8", "/busbar/dist/cli.js"]
