# syntax=docker/dockerfile:1

FROM rust:1.95-bookworm AS build
# A static program for the machine that builds: musl's C library stands inside it, and no file of a system is needed to start it.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends musl-tools \
 && rm -rf /var/lib/apt/lists/* \
 && rustup target add "$(uname -m)-unknown-linux-musl" \
 && printf '[build]\ntarget = "%s-unknown-linux-musl"\n' "$(uname -m)" > "$CARGO_HOME/config.toml"
WORKDIR /src
# Dependencies first, on empty sources: this layer is built again only when they change. Tests and benchmarks are not in the image: without
# their entries the manifest asks for no file of them.
COPY Cargo.toml Cargo.lock ./
RUN sed -i '/^\[\[\(test\|bench\)\]\]$/,/^$/d' Cargo.toml \
 && mkdir src \
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
# All that the program needs of a system: the CA certificates, and a folder for files of a moment.
RUN mkdir -p /image/usr/local/bin /image/tmp \
 && cp target/*-unknown-linux-musl/release/workflow-runner /image/usr/local/bin/ \
 && cp --parents /etc/ssl/certs/ca-certificates.crt /image \
 && chmod 1777 /image/tmp

# No shell, no package manager, nothing to write but /tmp: a read-only root file system is fine, with a volume there.
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
