# Builds on the machine's own architecture, for whichever is asked for.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src

# Modules change rarely: they get a layer of their own.
COPY go.mod go.sum ./
RUN go mod download

# Named one by one, so that no key, database or .git of the checkout gets in.
COPY cmd/ cmd/
COPY domain/ domain/
COPY ports/ ports/
COPY app/ app/
COPY adapters/ adapters/
COPY migrations/ migrations/

ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
RUN --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -tags nomsgpack -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/tenantry ./cmd/tenantry \
 && mkdir /out/data

# No shell, no package manager; certificates for TLS to mail servers, and a user without rights.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/tenantry /tenantry
COPY --from=build --chown=nonroot:nonroot /out/data /data

ENV HOST=0.0.0.0 \
    PORT=8080 \
    DATABASE_URL=sqlite:/data/tenantry.db
WORKDIR /data
VOLUME /data
EXPOSE 8080
USER nonroot:nonroot

# There is no curl in the image: the program asks itself.
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 CMD ["/tenantry", "healthcheck"]
ENTRYPOINT ["/tenantry"]
CMD ["serve"]
