#!/usr/bin/env bash
# Container images of real programs made of Debian's packages, and of SonarQube's release on Maven Central: no image
# registry is asked. Usage, as root with a Docker engine: images.sh NAME...
#   python prometheus alertmanager postgres: ten seconds each
#   sonarqube, sonarqube-before (an older release, to upgrade from): a minute each, a gigabyte to fetch
# Each is tagged sophia-test/NAME; one that is there already stays.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(dirname "$0")
. "$here/debian.sh"

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

postgres() {
  unpack trixie postgresql-17
  # Debian's own programs in usr/bin are Perl, which is not here.
  for program in "$root"/usr/lib/postgresql/17/bin/*; do ln -sf "${program#"$root"}" "$root/usr/bin/"; done
  install -D -m755 "$here/postgres-entrypoint.sh" "$root/usr/bin/entrypoint"
  rm -rf "$root/var/run"
  ln -s ../run "$root/var/run"
  install -d -o 999 -g 999 "$root/run/postgresql"
  pack postgres 999 /var/lib/postgresql/data -c 'VOLUME /var/lib/postgresql/data' -c 'ENTRYPOINT ["/usr/bin/entrypoint"]'
}

# server NAME VERSION: SonarQube Community Build. Small heaps and the quick compiler, because it is started often and
# analyses little; the same as environment variables of the image, which a user of the real one may set too.
server() {
  local home=/opt/sonarqube artifact=org.sonarsource.sonarqube:sonar-application:$2:zip
  local zip=$HOME/.m2/repository/org/sonarsource/sonarqube/sonar-application/$2/sonar-application-$2.zip
  [ -s "$zip" ] || mvn --quiet --batch-mode dependency:get -Dtransitive=false "-Dartifact=$artifact"
  unpack trixie openjdk-25-jre-headless
  mkdir "$root/opt"
  unzip -q "$zip" -d "$root/opt" -x '*/jres/*windows*' '*/jres/*mac*' '*/jres/*aarch64*' '*/jres/*alpine*'
  mv "$root/opt/sonarqube-$2" "$root$home"
  cat > "$root$home/entrypoint.sh" <<'END'
#!/bin/sh
exec /usr/lib/jvm/java-25-openjdk-amd64/bin/java -Xms8m -Xmx64m -jar lib/sonar-application-*.jar \
  -Dsonar.log.console=true -Dsonar.updatecenter.activate=false "$@"
END
  chmod 755 "$root$home/entrypoint.sh"
  local quick='-XX:+UseSerialGC -XX:TieredStopAtLevel=1'
  pack "$1" 1000 "$home" -c "VOLUME $home/data" -c "VOLUME $home/extensions" -c "VOLUME $home/logs" \
    -c "ENV SONAR_WEB_JAVAOPTS='-Xms256m -Xmx512m $quick'" -c "ENV SONAR_CE_JAVAOPTS='-Xms128m -Xmx512m $quick'" \
    -c "ENV SONAR_SEARCH_JAVAOPTS='-Xms256m -Xmx256m -XX:TieredStopAtLevel=1'" -c "ENTRYPOINT [\"$home/entrypoint.sh\"]"
}

sonarqube() { server sonarqube 26.9.0.129388; }
sonarqube-before() { server sonarqube-before 26.1.0.118079; }

for name in "$@"; do
  docker image inspect "sophia-test/$name" >/dev/null 2>&1 || "$name"
  echo "sophia-test/$name"
done
