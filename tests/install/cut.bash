# Read by bash before a script (BASH_ENV): cuts the power before a command that had not come yet.
# What there is to cut is told by the shell itself, command by command; nobody keeps a list.
#   CUT_SEEN   file of the commands (line, text) before which the power was cut
#   CUT_HOW    `kill` ends the script's processes; `wait` says so in CUT_SEEN.now, and stands still
#   CUT_LOOK   shell command that prints what is on the disk: with it, only a change is cut
unset BASH_ENV
set -o functrace
cut_was=
cut_before() { # cut_before LINE COMMAND
  local here="$1 $2" is
  if [ -n "${CUT_LOOK:-}" ]; then
    is=$(eval "$CUT_LOOK")
    [ "$is" != "${cut_was:-$is}" ] || { cut_was=$is && return 0; }
    cut_was=$is
  fi
  grep -qxF -- "${here%%$'\n'*}" "$CUT_SEEN" && return 0
  printf '%s\n' "${here%%$'\n'*}" >>"$CUT_SEEN"
  sync "$CUT_SEEN"
  [ "$CUT_HOW" = wait ] || kill -KILL 0
  touch "$CUT_SEEN.now"
  while :; do sleep 1; done
}
touch "$CUT_SEEN"
trap '[ "$BASH_SUBSHELL" != 0 ] || [[ ${FUNCNAME[0]:-} == cut_before ]] ||
  cut_before "$LINENO" "$BASH_COMMAND"' DEBUG
