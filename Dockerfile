# tutk-server and the command tutk. docs/running.md says how to run it; compose.yaml does.
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
# Of Debian's GStreamer, what the server uses; most of that is FFmpeg, for pictures of cameras that do not send H.264 and for AAC.
RUN packaging/image-files target/release/tutk-server target/release/tutk | tar -c -C / -P -h -T - -f /files.tar \
    && mkdir /files && tar -x -C /files -f /files.tar \
    && install -D -t /files/usr/bin target/release/tutk-server target/release/tutk \
    && install -d -m 700 -o 10001 -g 10001 /files/var/lib/tutk-server

FROM debian:bookworm-slim
COPY --from=build /files /
USER 10001:10001
ENV HOME=/var/lib/tutk-server STATE_DIRECTORY=/var/lib/tutk-server
VOLUME /var/lib/tutk-server
EXPOSE 8080/tcp 8554/tcp
ENTRYPOINT ["tutk-server", "--public"]
