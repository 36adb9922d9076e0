#!/bin/sh
# Installs or upgrades Floorgate on Debian 12 or 13, or Raspberry Pi OS. Run as root.
#   sudo ./install.sh               install; upgrade where an older version is there
#   sudo ./install.sh rollback      go back to the version before
#   sudo ./install.sh uninstall     remove the program; data, configuration and backups stay
#   sudo ./install.sh uninstall --purge    remove those too, after asking
# Everything after -- goes to `floorgate setup` (see `floorgate setup --help`), e.g.
#   sudo ./install.sh -- --yes --name "Hall 1" --hub wss://hub.example/link --token SECRET
# Every step may be cut off at any time: run it again and it goes on where it stood.
#
# 在 Debian 12、13 或 Raspberry Pi OS 上安装或升级 Floorgate，用 root 运行。
#   sudo ./install.sh               安装；已有旧版本则升级
#   sudo ./install.sh rollback      回到上一版本
#   sudo ./install.sh uninstall     删除程序；数据、配置和备份保留
#   sudo ./install.sh uninstall --purge    连同数据一起删除，会先询问
# -- 之后的都交给 `floorgate setup`（见 `floorgate setup --help`）。每一步中断了，再运行一次即可。
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
before_max=3 # backups of before an upgrade

language() { # prints zh or en: the box's, else the terminal's; nothing where neither says
  said=$(sed -n 's/^language = "\(zh\|en\)"$/\1/p' "$config" 2>/dev/null | head -n 1)
  case $said${LC_ALL:-${LANG:-}} in
    zh*) echo zh ;;
    "" | C | C.* | POSIX) ;;
    *) echo en ;;
  esac
}
say() { # say EN ZH: in the language that is known, else in both
  spoken=$(language)
  [ "$spoken" = en ] || printf 'floorgate: %s\n' "$2"
  [ "$spoken" = zh ] || printf 'floorgate: %s\n' "$1"
}
fail() { # fail WHAT HINT WHAT_ZH HINT_ZH
  say "$1
           $2" "$3
           $4" >&2
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }
booted() { [ -d /run/systemd/system ]; } # systemd runs this machine
target() { readlink "$1" 2>/dev/null || true; }

# --- what must be there --------------------------------------------------------------------------

check_machine() {
  [ "$(id -u)" = 0 ] || fail "this needs root" "Repeat with: sudo $0" \
    "需要 root" "请这样运行：sudo $0"
  has apt-get || fail "this is no Debian" \
    "Floorgate is made for Debian 12, 13 and Raspberry Pi OS." \
    "这不是 Debian" "Floorgate 只支持 Debian 12、13 和 Raspberry Pi OS。"
  case $(uname -m) in
    x86_64 | aarch64) ;;
    *) fail "no packages are made for $(uname -m)" "A 64-bit system is needed: amd64 or arm64." \
      "没有 $(uname -m) 的安装包" "需要 64 位系统：amd64 或 arm64。" ;;
  esac
  free_mb=$(df -Pm /opt | awk 'NR == 2 { print $4 }')
  [ "$free_mb" -ge 1500 ] || fail "/opt has only $free_mb MB free" \
    "1,500 MB are needed; make room." "/opt 只剩 $free_mb MB" "需要 1,500 MB；请腾出空间。"
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
  say "installing Debian packages: $packages" "正在安装 Debian 软件包：$packages"
  log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a list of names
  { dpkg --configure -a && apt-get -qq update && apt-get -qq -o DPkg::Lock::Timeout=300 \
    install --fix-broken --no-install-recommends $packages; } >"$log" 2>&1 </dev/null || {
    tail -n 20 "$log" >&2
    fail "apt-get failed" "Check the network and /etc/apt, then repeat: $0" \
      "apt-get 失败" "请检查网络和 /etc/apt，再运行：$0"
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
    fail "Python 3.11 or later is needed" "Debian 12 and later have it." \
      "需要 Python 3.11 以上" "Debian 12 及以后自带。"
  say "preparing ${release##*/} (two minutes at most)" "正在准备 ${release##*/}（最多两分钟）"
  rm -rf "$release"
  "$python" -m venv "$release"
  # an archive made for a site without internet holds its packages; hashes are checked all the same
  set --
  [ -d "$here/wheels" ] && set -- --no-index --find-links "$here/wheels"
  pip "$@" --require-hashes --only-binary :all: -r "$here/requirements/run.txt" ||
    fail "the Python packages could not be installed" "Check network and disk, then repeat: $0" \
      "Python 软件包没有装上" "请检查网络和磁盘，再运行：$0"
  copy=$(mktemp -d) # pip writes beside what it builds; the archive may be read-only
  (cd "$here" && cp -R edge drivers sync ui_pwa systemd pyproject.toml README.md LICENSE "$copy")
  pip --no-build-isolation --no-index "$copy" ||
    fail "Floorgate itself could not be installed" "See the message above; is the archive whole?" \
      "Floorgate 本身没有装上" "请看上面的信息；发行包完整吗？"
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
  say "backup before the upgrade" "升级前备份"
  runuser -u floorgate -- "$base/current/bin/floorgate" backup --config "$config" --to "$backups" \
    --name before-upgrade --keep "$before_max" || fail "no backup, so no upgrade" \
    "Mend what it says, then repeat: $0. Where this version runs no more: $0 rollback" \
    "没有备份，所以不升级" "请修好它说的问题，再运行：$0。现有版本已经不能运行时：$0 rollback"
}

# --- the verbs -----------------------------------------------------------------------------------

install_or_upgrade() {
  check_machine
  install_packages
  mkdir -p "$base/releases"
  build_release
  # before anything points to it: a version that cannot even do this changes nothing
  "$release/bin/floorgate" setup --config "$config" --data "$data" "$@" ||
    fail "${release##*/} cannot run" "See the line above; the version before goes on." \
      "${release##*/} 不能运行" "请看上一行；原来的版本继续运行。"
  old=$(target "$base/current")
  older=$(target "$base/previous")
  if [ -n "$old" ] && [ "$old" != "$release" ]; then
    booted && backup_now
    point "$base/previous" "$old"
    say "upgrade: ${old##*/} -> ${release##*/}" "升级：${old##*/} -> ${release##*/}"
  fi
  echo "$release" >"$base/unconfirmed" # until it was seen well
  point "$base/current" "$release"
  install_system "$release/share/systemd"
  # shellcheck disable=SC2086 # a list of names
  systemctl --quiet enable floorgate.socket floorgate.service $timers
  if ! booted; then
    say "systemd does not run here: installed, not started; the box starts at the next boot" \
      "这里没有运行 systemd：已安装，未启动；下次开机时启动"
    rm -f "$base/unconfirmed"
    return 0
  fi
  start_box || true
  if is_well; then
    rm -f "$base/unconfirmed"
    prune
    well=$("$release/bin/floorgate" health --config "$config")
    say "up and well: $well" "已启动，一切正常：$well"
    "$release/bin/floorgate" admin code --first --config "$config" || true
    return 0
  fi
  journalctl -u floorgate -n 20 --no-pager >&2 || true
  if [ -n "$old" ] && [ "$old" != "$release" ]; then
    say "the new version is not well after $health_s s: going back" \
      "新版本 $health_s 秒后仍不正常：正在退回"
    roll_back
    # what never was well is nothing to go back to
    rm -f "$base/previous"
    [ ! -e "${older:-/nowhere}/complete" ] || point "$base/previous" "$older"
    fail "${release##*/} was not well; ${old##*/} serves again, nothing is lost" \
      "The lines above say why. Keep them for whoever made the archive." \
      "${release##*/} 不正常；${old##*/} 已恢复服务，什么都没有丢" \
      "上面几行说明了原因，请留给制作发行包的人。"
  fi
  fail "the box does not answer" "See the lines above; then: sudo -u floorgate floorgate doctor" \
    "边缘盒没有应答" "请看上面几行；再运行：sudo -u floorgate floorgate doctor"
}

roll_back() {
  previous=$(target "$base/previous")
  now=$(target "$base/current")
  [ -e "${previous:-/nowhere}/complete" ] ||
    fail "there is no version before ${now##*/} to go back to" \
      "Install the one you want from its own archive." \
      "${now##*/} 之前没有可以退回的版本" "请从您要的版本的发行包安装。"
  booted && systemctl stop floorgate.service 2>/dev/null
  point "$base/current" "$previous"
  install_system "$previous/share/systemd"
  reads=0
  [ ! -e "$data/floor.db" ] ||
    "$previous/bin/floorgate" journal show --limit 1 --data "$data" >/dev/null 2>&1 || reads=$?
  if [ "$reads" = 2 ]; then # the newer version changed the database; 1 would be damage
    newest=$(find "$backups" -maxdepth 1 -name 'before-upgrade*' 2>/dev/null | sort | tail -n 1)
    [ -n "$newest" ] ||
      fail "${previous##*/} cannot read the database of ${now##*/}" \
      "Restore a backup from before the upgrade: sudo -u floorgate floorgate restore DIR;
           or install the newer version again" \
      "${previous##*/} 读不了 ${now##*/} 的数据库" \
      "请恢复升级前的备份：sudo -u floorgate floorgate restore 目录；
           或重新安装新版本"
    say "the older version cannot read the newer database: restoring $newest;
           what was written since is kept where the next line says" \
      "旧版本读不了新版本的数据库：正在恢复 $newest；之后写的留在下一行说的地方"
    runuser -u floorgate -- "$previous/bin/floorgate" restore "$newest" --config "$config" --replace
  fi
  if booted; then
    start_box
    is_well || fail "the older version is not well either" \
      "Next: sudo -u floorgate floorgate doctor" \
      "旧版本也不正常" "下一步：sudo -u floorgate floorgate doctor"
  fi
  # until here all of it can be done again; from here nothing is before, so again does nothing
  rm -f "$base/unconfirmed" "$base/previous"
  say "back at ${previous##*/}" "已回到 ${previous##*/}"
}

prune() { # keep the version that runs and the one before
  for each in "$base"/releases/*; do
    [ "$each" = "$(target "$base/current")" ] || [ "$each" = "$(target "$base/previous")" ] ||
      rm -rf "$each"
  done
}

uninstall() {
  [ "$(id -u)" = 0 ] || fail "this needs root" "Repeat with: sudo $0 uninstall" \
    "需要 root" "请这样运行：sudo $0 uninstall"
  if [ "${1:-}" = --purge ]; then
    say "this removes every order, journal and backup in $data and $backups; to go on write: yes" \
      "这会删除 $data 和 $backups 里的全部订单、账本和备份；要继续请写：yes"
    read -r answer
    [ "$answer" = yes ] || fail "nothing was removed" "Without --purge the data stay." \
      "什么都没有删除" "不加 --purge 会保留数据。"
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
    say "removed, with all data" "已卸载，数据也已删除"
  else
    say "removed; data stay in $data, configuration in /etc/floorgate, backups in $backups" \
      "已卸载；数据保留在 $data，配置在 /etc/floorgate，备份在 $backups"
  fi
}

verb=install
case ${1:-} in
  rollback | uninstall) verb=$1 && shift ;;
  -h | --help) sed -n '2,16p' "$0" | cut -c3- && exit 0 ;;
esac
[ "${1:-}" = -- ] && shift
case $verb in
  install) install_or_upgrade "$@" ;;
  rollback) check_machine && roll_back ;;
  uninstall) uninstall "$@" ;;
esac
