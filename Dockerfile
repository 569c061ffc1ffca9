# syntax=docker/dockerfile:1

FROM rust:1.95-bookworm AS build
WORKDIR /src
# Dependencies first, on empty sources: this layer is built again only when they change.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
 && echo 'fn main() {}' | tee build.rs src/main.rs \
 && touch src/lib.rs \
 && cargo build --locked --release \
 && rm -r src build.rs
COPY build.rs ./
COPY proto proto
COPY config config
COPY src src
# The empty sources are newer than the copied ones: without this cargo would take them for built.
RUN touch build.rs src/main.rs src/lib.rs \
 && cargo build --locked --release
# All that the program needs of a system: its few shared libraries, found by the loader itself, and the CA certificates.
RUN mkdir -p /image/usr/local/bin \
 && cp target/release/workflow-runner /image/usr/local/bin/ \
 && ldd target/release/workflow-runner | grep -o '/[^ )]*' | xargs -I '{}' cp -L --parents '{}' /image \
 && cp --parents /etc/ssl/certs/ca-certificates.crt /image

# No shell, no package manager, nothing to write: a read-only root file system is fine.
FROM scratch
COPY --from=build /image /
COPY LICENSE /usr/share/doc/workflow-runner/LICENSE
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
# /livez, /readyz, /metrics
EXPOSE 9090
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/workflow-runner"]
CMD ["worker"]
