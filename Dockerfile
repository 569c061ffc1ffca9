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

# glibc and CA certificates, no shell. Nothing is written: a read-only root file system is fine.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/release/workflow-runner /usr/local/bin/workflow-runner
COPY LICENSE /usr/share/doc/workflow-runner/LICENSE
USER 65532:65532
# /livez, /readyz, /metrics
EXPOSE 9090
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/workflow-runner"]
CMD ["worker"]
