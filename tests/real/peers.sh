#!/usr/bin/env bash
# Programs that others wrote for Grafana, each in an environment of its own under .venv/peers: they need other
# versions of libraries than this project and than each other. The tests find them there.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:-.venv/bin/python}
# Exactly these: they look for what a Grafana of their day answers, and the tests compare what they find.
for peer in grafana-backup==1.4.2 grafana-wtf==0.25.1; do
  place=.venv/peers/${peer%%==*}
  [ "$(cat "$place/made-of" 2>/dev/null || true)" = "$peer" ] && continue
  rm -rf "$place"
  "$python" -m venv "$place"
  "$place/bin/pip" install --quiet --no-compile --disable-pip-version-check "$peer"
  echo "$peer" > "$place/made-of"
done
