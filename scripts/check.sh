#!/bin/sh
# Runs make targets one after the other, says how long each took, stops at the first that fails.
#   scripts/check.sh lint types unit
set -u
cd "$(dirname "$0")/.." || exit

now_ms() { echo $(($(date +%s%N) / 1000000)); }
seconds() { printf '%d.%d s' $(($1 / 1000)) $(($1 % 1000 / 100)); }

summary=
total_start=$(now_ms)
trap 'printf "\nstopped\n" >&2; exit 130' INT TERM

for stage in "$@"; do
  printf '\n== %s\n' "$stage"
  start=$(now_ms)
  "${MAKE:-make}" --no-print-directory "$stage"
  status=$?
  took=$(seconds $(($(now_ms) - start)))
  if [ "$status" -ne 0 ]; then
    printf '\n== %s failed after %s; repeat just this: make %s\n' "$stage" "$took" "$stage" >&2
    exit 1
  fi
  summary="$summary$(printf '   %-8s ok %10s' "$stage" "$took")
"
done

printf '\n%s   %-8s ok %10s\n' "$summary" "all" "$(seconds $(($(now_ms) - total_start)))"
