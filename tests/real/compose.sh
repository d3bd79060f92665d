#!/usr/bin/env bash
# Docker Compose v2 as a plugin of this user, from the package of Debian 13: Debian 12 has only the old one.
# Does nothing where there is one.
set -euo pipefail
docker compose version >/dev/null 2>&1 && exit 0
folder=${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$(dirname "$0")/debian.sh"
use trixie "$work"
(cd "$work" && apt download docker-compose && dpkg -x docker-compose_*.deb unpacked)
install -D -m755 "$work/unpacked/usr/libexec/docker/cli-plugins/docker-compose" "$folder/docker-compose"
docker compose version --short
