#!/usr/bin/env bash
# Container images of real programs made of Debian's packages: no image registry is asked.
# Usage, as root with a Docker engine: images.sh NAME...   (python prometheus alertmanager; ten seconds each)
# Each is tagged sophia-test/NAME; one that is there already stays.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$(dirname "$0")/debian.sh"

# unpack SUITE PACKAGE...: them and all they depend on, in $root.
unpack() {
  local suite=$work/$1
  rm -rf "$suite/archives"
  use "$1" "$suite"
  shift
  root=$work/root
  rm -rf "$root"
  mkdir -p "$root/usr/bin" "$root/usr/lib" "$root/usr/lib64" "$root/etc" "$root/tmp"
  apt install --download-only -y --no-install-recommends busybox-static "$@" >/dev/null
  for folder in bin lib lib64; do ln -s "usr/$folder" "$root/$folder"; done
  for package in "$suite"/archives/*.deb; do
    dpkg --fsys-tarfile "$package" | tar -C "$root" --keep-directory-symlink -xf -
  done
  for applet in sh ls cat mkdir chmod chown rm cp env sleep head true false rmdir wget grep sed tr id dirname; do
    [ -e "$root/usr/bin/$applet" ] || ln -s busybox "$root/usr/bin/$applet"
  done
  chmod 1777 "$root/tmp"
}

# pack NAME UID HOME OPTION...: what lies in $root as an image; the options are those of `docker import`.
pack() {
  local name=$1 user=$2 home=$3
  shift 3
  printf 'root:x:0:0::/root:/bin/sh\nserver:x:%s:%s::%s:/bin/sh\n' "$user" "$user" "$home" > "$root/etc/passwd"
  printf 'root:x:0:\nserver:x:%s:\n' "$user" > "$root/etc/group"
  mkdir -p "$root$home"
  chown -R "$user:$user" "$root$home"
  tar -C "$root" -c . | docker import -c "USER $user:$user" -c "WORKDIR $home" "$@" - "sophia-test/$name" >/dev/null
}

python() {
  unpack trixie bash python3 python3-venv python3-pip git ca-certificates
  # What the packages' own scripts would have done, for the one that matters: pip reads this file.
  mkdir -p "$root/etc/ssl/certs"
  find "$root/usr/share/ca-certificates" -name '*.crt' -exec cat {} + > "$root/etc/ssl/certs/ca-certificates.crt"
  pack python 0 /src
}

prometheus() {
  unpack sid prometheus
  pack prometheus 65534 /prometheus -c 'VOLUME /prometheus' -c 'ENTRYPOINT ["/usr/bin/prometheus"]'
}

alertmanager() {
  unpack sid prometheus-alertmanager
  pack alertmanager 65534 /alertmanager -c 'VOLUME /alertmanager' -c 'ENTRYPOINT ["/usr/bin/prometheus-alertmanager"]'
}

for name in "$@"; do
  docker image inspect "sophia-test/$name" >/dev/null 2>&1 || "$name"
  echo "sophia-test/$name"
done
