# Builds the bundle, then keeps what it needs at run time: Node and dist/.
FROM node:20-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN node scripts/build.mjs && mkdir /runtime && cp -r dist docker package.json LICENSE /runtime/

FROM node:20-bookworm-slim
ENV NODE_ENV=production BUSBAR_HOST=0.0.0.0 BUSBAR_PORT=4566
WORKDIR /busbar
COPY --from=build /runtime ./
RUN mkdir /data && chown node:node /data
USER node
EXPOSE 4566
VOLUME /data
HEALTHCHECK --interval=5s --timeout=3s --start-period=2s CMD ["node", "docker/healthcheck.mjs"]
CMD ["node", "--max-semi-space-size=8", "dist/cli.js"]
