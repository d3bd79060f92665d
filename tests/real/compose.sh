#!/usr/bin/env bash
# Docker Compose v2 as a plugin of this user, from the package of Debian 13: Debian 12 has only the old one.
# Does nothing where there is one.
set -euo pipefail
docker compose version >/dev/null 2>&1 && exit 0
folder=${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | grep -m1 -v security || true)
[ -n "$mirror" ] || mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .* main.*/\2/p' /etc/apt/sources.list | head -n 1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$work/sources.list"
mkdir -p "$work"/{lists,archives}/partial
: > "$work/status"
options=(-qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status" -o "Dir::Cache=$work"
  -o "Dir::Cache::archives=$work/archives" -o APT::Sandbox::User=root)
apt-get "${options[@]}" update
(cd "$work" && apt-get "${options[@]}" download docker-compose && dpkg -x docker-compose_*.deb unpacked)
install -D -m755 "$work/unpacked/usr/libexec/docker/cli-plugins/docker-compose" "$folder/docker-compose"
docker compose version --short
