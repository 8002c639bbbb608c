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
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --start-interval=500ms CMD ["node", "docker/healthcheck.mjs"]
# The process handles SIGTERM and SIGINT itself, also as number one.
STOPSIGNAL SIGTERM
CMD ["node", "--max-semi-space-size=8", "dist/cli.js"]
