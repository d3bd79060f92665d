# For images.sh and compose.sh: apt for a suite of Debian, beside what this machine has installed.
mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | grep -m1 -v security || true)
[ -n "$mirror" ] || mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .* main.*/\2/p' /etc/apt/sources.list | head -n 1)

# use SUITE FOLDER: from here on `apt WORD...` is of that suite; packages go to FOLDER/archives. With its empty list of
# installed packages apt fetches everything that a package needs.
use() {
  mkdir -p "$2"/{lists,archives}/partial
  : > "$2/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" > "$2/sources.list"
  options=(-qq -o "Dir::Etc::sourcelist=$2/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$2/lists" -o "Dir::State::status=$2/status" -o "Dir::Cache=$2"
    -o "Dir::Cache::archives=$2/archives" -o APT::Sandbox::User=root)
  apt update
}

apt() { apt-get "${options[@]}" "$@"; }
