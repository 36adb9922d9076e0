#!/bin/sh
# Installs or upgrades Floorgate on Debian 12 or 13, or Raspberry Pi OS. Run as root.
#   sudo ./install.sh               install; upgrade where an older version is there
#   sudo ./install.sh rollback      go back to the version before
#   sudo ./install.sh uninstall     remove the program; data, configuration and backups stay
#   sudo ./install.sh uninstall --purge    remove those too, after asking
# Everything after -- goes to `floorgate setup` (see `floorgate setup --help`), e.g.
#   sudo ./install.sh -- --yes --name "Hall 1" --hub wss://hub.example/link --token SECRET
# Every step may be cut off at any time: run it again and it goes on where it stood.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

base=/opt/floorgate
config=/etc/floorgate/floorgate.toml
data=/var/lib/floorgate
backups=/var/backups/floorgate
system=/usr/lib/systemd/system
units="floorgate.service floorgate.socket floorgate-backup.service floorgate-backup.timer
  floorgate-archive.service floorgate-archive.timer floorgate-spare.service"
timers="floorgate-backup.timer floorgate-archive.timer"
health_s=60

say() { printf 'floorgate: %s\n' "$*"; }
fail() { # fail WHAT HINT
  printf 'floorgate: %s\n           %s\n' "$1" "$2" >&2
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }
booted() { [ -d /run/systemd/system ]; } # systemd runs this machine
target() { readlink "$1" 2>/dev/null || true; }

# --- what must be there --------------------------------------------------------------------------

check_machine() {
  [ "$(id -u)" = 0 ] || fail "this needs root" "Repeat with: sudo $0"
  has apt-get || fail "this is no Debian" "Floorgate is made for Debian 12, 13 and Raspberry Pi OS."
  case $(uname -m) in
    x86_64 | aarch64) ;;
    *) fail "no packages are made for $(uname -m)" "A 64-bit system is needed: amd64 or arm64." ;;
  esac
  free_mb=$(df -Pm /opt | awk 'NR == 2 { print $4 }')
  [ "$free_mb" -ge 1500 ] || fail "/opt has only $free_mb MB free" "1,500 MB are needed; make room."
}

missing_packages() {
  python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3 python3-venv
  [ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] || echo fonts-noto-cjk
  ls /usr/lib/*/libzbar.so.0 >/dev/null 2>&1 || echo libzbar0
  has ip || echo iproute2
  has systemd-sysusers || echo systemd
}

install_packages() {
  packages=$(missing_packages | tr '\n' ' ')
  [ -n "$packages$(dpkg --audit)" ] || return 0 # the audit: what a power cut left half installed
  say "installing Debian packages: $packages"
  log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a list of names
  { dpkg --configure -a && apt-get -qq update && apt-get -qq -o DPkg::Lock::Timeout=300 \
    install --fix-broken --no-install-recommends $packages; } >"$log" 2>&1 </dev/null || {
    tail -n 20 "$log" >&2
    fail "apt-get failed" "Check the network and /etc/apt, then repeat: $0"
  }
  rm -f "$log"
}

# --- a release, ready beside the one that runs ---------------------------------------------------

version() { sed -n 's/^version = "\(.*\)"/\1/p' "$here/pyproject.toml"; }

digest() { # what makes this source differ from another of the same version
  (cd "$here" && find edge drivers sync ui_pwa systemd requirements/run.txt pyproject.toml \
    -name __pycache__ -prune -o -type f -print | LC_ALL=C sort | xargs sha256sum) |
    sha256sum | cut -c1-8
}

pip() {
  "$release/bin/python" -m pip -qq --disable-pip-version-check --no-input install \
    --no-warn-script-location --root-user-action=ignore --no-deps "$@"
}

build_release() { # sets $release
  release=$base/releases/$(version)-$(digest)
  [ -e "$release/complete" ] && return 0
  python=$(command -v python3)
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or later is needed, this is $("$python" --version)" \
      "Debian 12 and later have it."
  say "preparing $(basename "$release") (two minutes at most)"
  rm -rf "$release"
  "$python" -m venv "$release"
  # an archive made for a site without internet holds its packages; hashes are checked all the same
  set --
  [ -d "$here/wheels" ] && set -- --no-index --find-links "$here/wheels"
  pip "$@" --require-hashes --only-binary :all: -r "$here/requirements/run.txt" ||
    fail "the Python packages could not be installed" "Check network and disk, then repeat: $0"
  copy=$(mktemp -d) # pip writes beside what it builds; the archive may be read-only
  (cd "$here" && cp -R edge drivers sync ui_pwa systemd pyproject.toml README.md LICENSE "$copy")
  pip --no-build-isolation --no-index "$copy" ||
    fail "Floorgate itself could not be installed" "See the message above; is the archive whole?"
  rm -rf "$copy"
  mkdir -p "$release/share"
  cp -R "$here/systemd" "$release/share/"
  cp "$here/docs/OPERATIONS.md" "$here/install.sh" "$release/share/" 2>/dev/null || true
  chmod -R a+rX,go-w "$release"
  sync
  touch "$release/complete"
}

# --- what Debian must know -----------------------------------------------------------------------

put() { install -D -m 0644 "$1" "$2"; }

install_system() { # install_system FOLDER_OF_UNITS
  put "$1/floorgate.sysusers" /usr/lib/sysusers.d/floorgate.conf
  put "$1/floorgate.tmpfiles" /usr/lib/tmpfiles.d/floorgate.conf
  put "$1/60-floorgate.rules" /usr/lib/udev/rules.d/60-floorgate.rules
  for unit in $units; do # an older version, gone back to, may have fewer
    if [ -e "$1/$unit" ]; then put "$1/$unit" "$system/$unit"; else rm -f "$system/$unit"; fi
  done
  [ ! -e "$1/floorgate.journald.conf" ] ||
    put "$1/floorgate.journald.conf" /usr/lib/systemd/journald.conf.d/floorgate.conf
  systemd-sysusers /usr/lib/sysusers.d/floorgate.conf
  systemd-tmpfiles --create /usr/lib/tmpfiles.d/floorgate.conf
  ln -sfn "$base/current/bin/floorgate" /usr/local/bin/floorgate
  if booted; then
    systemctl daemon-reload
    if [ -S /run/udev/control ]; then
      udevadm control --reload || true
      udevadm trigger --subsystem-match=usbmisc --subsystem-match=tty \
        --subsystem-match=input || true
    fi
  fi
}

point() { # point LINK TARGET: atomic, so that a power cut leaves the one or the other
  ln -sfn "$2" "$1.new"
  mv -T "$1.new" "$1"
  sync
}

start_box() {
  for timer in $timers; do
    [ ! -e "$system/$timer" ] || systemctl restart "$timer"
  done
  systemctl start floorgate.socket && systemctl restart floorgate.service
}

is_well() { "$base/current/bin/floorgate" health --config "$config" --wait "$health_s" >/dev/null; }

backup_now() { # a copy of the data as it was before; the restore of a rollback
  [ -e "$data/floor.db" ] || return 0
  say "backup before the upgrade"
  runuser -u floorgate -- "$base/current/bin/floorgate" backup --config "$config" --to "$backups" \
    --name before-upgrade || fail "no backup, so no upgrade" \
    "Mend what it says, then repeat: $0. Where this version runs no more: $0 rollback"
}

# --- the verbs -----------------------------------------------------------------------------------

install_or_upgrade() {
  check_machine
  install_packages
  mkdir -p "$base/releases"
  build_release
  # before anything points to it: a version that cannot even do this changes nothing
  "$release/bin/floorgate" setup --config "$config" --data "$data" "$@" ||
    fail "$(basename "$release") cannot run" "See the line above; the version before goes on."
  old=$(target "$base/current")
  older=$(target "$base/previous")
  if [ -n "$old" ] && [ "$old" != "$release" ]; then
    booted && backup_now
    point "$base/previous" "$old"
    say "upgrade: $(basename "$old") -> $(basename "$release")"
  fi
  echo "$release" >"$base/unconfirmed" # until it was seen well
  point "$base/current" "$release"
  install_system "$release/share/systemd"
  # shellcheck disable=SC2086 # a list of names
  systemctl --quiet enable floorgate.socket floorgate.service $timers
  if ! booted; then
    say "systemd does not run here: installed, not started; the box starts at the next boot"
    rm -f "$base/unconfirmed"
    return 0
  fi
  start_box || true
  if is_well; then
    rm -f "$base/unconfirmed"
    prune
    say "up and well: $("$release/bin/floorgate" health --config "$config")"
    "$release/bin/floorgate" admin code --first --config "$config" || true
    return 0
  fi
  journalctl -u floorgate -n 20 --no-pager >&2 || true
  if [ -n "$old" ] && [ "$old" != "$release" ]; then
    say "the new version is not well after $health_s s: going back"
    roll_back
    # what never was well is nothing to go back to
    rm -f "$base/previous"
    [ ! -e "${older:-/nowhere}/complete" ] || point "$base/previous" "$older"
    fail "$(basename "$release") was not well; $(basename "$old") serves again, nothing is lost" \
      "The lines above say why. Keep them for whoever made the archive."
  fi
  fail "the box does not answer" "See the lines above; then: floorgate doctor"
}

roll_back() {
  previous=$(target "$base/previous")
  now=$(target "$base/current")
  [ -e "${previous:-/nowhere}/complete" ] ||
    fail "there is no version before $(basename "${now:-none}") to go back to" \
      "Install the one you want from its own archive."
  booted && systemctl stop floorgate.service 2>/dev/null
  point "$base/current" "$previous"
  install_system "$previous/share/systemd"
  if ! "$previous/bin/floorgate" journal verify --data "$data" >/dev/null 2>&1; then
    # the newer version changed the database: what it wrote since is in the backup made now
    newest=$(find "$backups" -maxdepth 1 -name 'before-upgrade*' 2>/dev/null | sort | tail -n 1)
    [ -n "$newest" ] ||
      fail "$(basename "$previous") cannot read the database of $(basename "$now")" \
      "Restore a backup from before the upgrade: floorgate restore FILE, or go forward again: $0"
    say "the older version cannot read the newer database: restoring $newest"
    runuser -u floorgate -- "$previous/bin/floorgate" restore "$newest" --config "$config" --replace
  fi
  if booted; then
    start_box
    is_well || fail "the older version is not well either" "Next: floorgate doctor"
  fi
  # until here all of it can be done again; from here nothing is before, so again does nothing
  rm -f "$base/unconfirmed" "$base/previous"
  say "back at $(basename "$previous")"
}

prune() { # keep the version that runs and the one before
  for each in "$base"/releases/*; do
    [ "$each" = "$(target "$base/current")" ] || [ "$each" = "$(target "$base/previous")" ] ||
      rm -rf "$each"
  done
}

uninstall() {
  [ "$(id -u)" = 0 ] || fail "this needs root" "Repeat with: sudo $0 uninstall"
  if [ "${1:-}" = --purge ]; then
    printf 'This removes every order, journal and backup in %s and %s. Write yes: ' \
      "$data" "$backups"
    read -r answer
    [ "$answer" = yes ] || fail "nothing was removed" "Without --purge the data stay."
  fi
  if booted; then
    # shellcheck disable=SC2086 # a list of names
    systemctl --quiet disable --now floorgate.socket floorgate.service $timers || true
  fi
  for unit in $units; do rm -f "$system/$unit"; done
  rm -f /usr/lib/sysusers.d/floorgate.conf /usr/lib/tmpfiles.d/floorgate.conf \
    /usr/lib/systemd/journald.conf.d/floorgate.conf \
    /usr/lib/udev/rules.d/60-floorgate.rules /usr/local/bin/floorgate
  rm -rf "$base"
  booted && systemctl daemon-reload
  if [ "${1:-}" = --purge ]; then
    rm -rf "$data" "$backups" /etc/floorgate
    userdel floorgate 2>/dev/null || true
    say "removed, with all data"
  else
    say "removed; data stay in $data, configuration in /etc/floorgate, backups in $backups"
  fi
}

verb=install
case ${1:-} in
  rollback | uninstall) verb=$1 && shift ;;
  -h | --help) sed -n '2,9p' "$0" | cut -c3- && exit 0 ;;
esac
[ "${1:-}" = -- ] && shift
case $verb in
  install) install_or_upgrade "$@" ;;
  rollback) check_machine && roll_back ;;
  uninstall) uninstall "$@" ;;
esac
