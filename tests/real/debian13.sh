#!/usr/bin/env bash
# An image of Debian 13 with its Python 3.13, made of Debian's packages alone: no image registry is asked.
# Prints the image's name. Needs root, a Docker engine, and a Debian machine with a package mirror.
set -euo pipefail
image=sophia-test/debian13-python
docker image inspect "$image" >/dev/null 2>&1 && { echo "$image"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | grep -m1 -v security || true)
[ -n "$mirror" ] || mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .* main.*/\2/p' /etc/apt/sources.list | head -n 1)

# With an empty list of installed packages apt fetches everything that these need.
mkdir -p "$work"/apt/{lists,cache}/partial "$work/root/usr"
: > "$work/apt/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$work/apt/sources.list"
options=(-qq -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$work/apt/lists" -o "Dir::State::status=$work/apt/status" -o "Dir::Cache=$work/apt"
  -o "Dir::Cache::archives=$work/apt/cache" -o APT::Sandbox::User=root)
apt-get "${options[@]}" update
apt-get "${options[@]}" install --download-only -y --no-install-recommends \
  bash busybox-static python3 python3-venv python3-pip git ca-certificates >/dev/null

for folder in bin lib lib64; do mkdir -p "$work/root/usr/$folder"; ln -s "usr/$folder" "$work/root/$folder"; done
for package in "$work"/apt/cache/*.deb; do
  dpkg --fsys-tarfile "$package" | tar -C "$work/root" --keep-directory-symlink -xf -
done
for applet in sh ls cat mkdir chmod rm cp env sleep head true false rmdir; do
  [ -e "$work/root/usr/bin/$applet" ] || ln -s busybox "$work/root/usr/bin/$applet"
done
# What the packages' own scripts would have done, for the one that matters: pip reads this file.
mkdir -p "$work/root/etc/ssl/certs"
find "$work/root/usr/share/ca-certificates" -name '*.crt' -exec cat {} + > "$work/root/etc/ssl/certs/ca-certificates.crt"
mkdir -p "$work/root/tmp"
chmod 1777 "$work/root/tmp"
echo 'root:x:0:0::/root:/bin/sh' > "$work/root/etc/passwd"
tar -C "$work/root" -c . | docker import -c 'WORKDIR /src' - "$image" >/dev/null
echo "$image"
