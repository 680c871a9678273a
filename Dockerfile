# tutk-server and the command tutk, on as much of Debian as they need. docs/running.md says how to run it; compose.yaml does.
FROM debian:bookworm-slim AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends \
        ca-certificates cargo-web gcc glib-networking gstreamer1.0-libav gstreamer1.0-nice gstreamer1.0-plugins-bad \
        gstreamer1.0-plugins-base gstreamer1.0-plugins-good libc6-dev libclang-dev libgstreamer-plugins-bad1.0-dev \
        libgstrtspserver-1.0-dev libssl-dev pkg-config
WORKDIR /src
COPY . .
RUN cargo build --locked --release --package tutk-server --package tutk-cli
# libav (FFmpeg) is for pictures of cameras that send MPEG-4 or H.263, and for G.726. It takes more than all else together.
ARG PLUGINS=
RUN packaging/image-root /files target/release/tutk-server target/release/tutk \
    && install -D -m 644 -t /files/usr/share/doc/tutk-server LICENSE-* debian/copyright \
    && mkdir /state

FROM scratch
COPY --from=build /files /
COPY --from=build --chown=10001:10001 /state /var/lib/tutk-server
USER 10001:10001
ENV HOME=/var/lib/tutk-server STATE_DIRECTORY=/var/lib/tutk-server
VOLUME /var/lib/tutk-server
EXPOSE 8080/tcp 8554/tcp
ENTRYPOINT ["tutk-server", "--public"]
