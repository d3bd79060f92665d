#!/usr/bin/env bash
# The open-source Portkey gateway from npm, in a cache folder of this user; nothing where it is there already.
# Prints the folder. Its install scripts are not run: it needs none of them.
set -euo pipefail
version=1.15.2
folder=${XDG_CACHE_HOME:-$HOME/.cache}/sophia-test/portkey-gateway-$version
if [ ! -d "$folder" ]; then
  mkdir -p "$folder.part"
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder.part" "@portkey-ai/gateway@$version"
  mv "$folder.part" "$folder"
fi
echo "$folder"
