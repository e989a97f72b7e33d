# Both programs of Sluice in one image: `media-server` and `operator`. The context is the folder that `make image-context`
# makes: sources without tests, the npm packages of package-lock.json that run, and the mediasoup worker that was tested.
#
#   docker build -t registry.example/sluice:0.1.0 -f Dockerfile "$(make -s image-context)"
#
# There is no shell and no package manager in it, only Node, the worker and the libraries that they load.
ARG BASE=node:24-bookworm-slim
FROM ${BASE} AS files
RUN dpkg -s libuv1 libssl3 libstdc++6 ca-certificates >/dev/null 2>&1 || \
    (apt-get update && apt-get install -y --no-install-recommends libuv1 libssl3 libstdc++6 ca-certificates)
COPY mediasoup-worker /rootfs/usr/local/bin/mediasoup-worker
RUN mkdir -p /rootfs/tmp /rootfs/etc/ssl/certs && \
    cp "$(command -v node)" /rootfs/usr/local/bin/node && \
    ldd /usr/local/bin/node /rootfs/usr/local/bin/mediasoup-worker | grep -o '/[^ ]*\.so[^ ]*' | sort -u | \
    while read -r library; do mkdir -p "/rootfs$(dirname "$library")" && cp -L "$library" "/rootfs$library"; done && \
    cp -L /etc/ssl/certs/ca-certificates.crt /rootfs/etc/ssl/certs/ && \
    printf 'root:x:0:0::/:/sbin/nologin\nsluice:x:65532:65532::/:/sbin/nologin\n' >/rootfs/etc/passwd
COPY sluice /rootfs/sluice

FROM scratch
COPY --from=files /rootfs /
ENV NODE_ENV=production MEDIASOUP_WORKER_BIN=/usr/local/bin/mediasoup-worker
WORKDIR /sluice
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node"]
CMD ["media-server/main.ts", "--help"]
