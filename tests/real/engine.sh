#!/usr/bin/env bash
# Start a Docker engine on a Debian machine without systemd, as root. Does nothing where one answers already.
set -euo pipefail
docker info >/dev/null 2>&1 && exit 0
if ! command -v dockerd >/dev/null || ! command -v iptables >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y docker.io iptables >/dev/null
fi
log=${TMPDIR:-/tmp}/dockerd.log
setsid dockerd >"$log" 2>&1 </dev/null &
for _ in $(seq 60); do docker info >/dev/null 2>&1 && exit 0; sleep 0.5; done
tail -n 5 "$log" >&2
exit 1
