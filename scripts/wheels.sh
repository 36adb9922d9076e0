#!/bin/sh
# Says for each system that Floorgate is made for which pinned packages have no wheel there.
# Asks the package index that pip is set up with; installs nothing. Takes a minute or two.
set -eu
cd "$(dirname "$0")/.."

platforms() { # platforms ARCH GLIBC_MINOR: what pip takes on such a system
  for minor in $(seq 5 "$2"); do printf ' --platform manylinux_2_%s_%s' "$minor" "$1"; done
  printf ' --platform manylinux1_%s --platform manylinux2010_%s' "$1" "$1"
  printf ' --platform manylinux2014_%s --platform linux_%s' "$1" "$1"
}

missing() { # missing PYTHON ARCH GLIBC_MINOR REQUIREMENT...: prints those without a wheel
  abi=cp$1
  tags=$(platforms "$2" "$3")
  shift 3
  for each in "$@"; do
    # shellcheck disable=SC2086 # a list of options
    .venv/bin/python -m pip -q --disable-pip-version-check install --dry-run --no-deps \
      --ignore-installed --only-binary :all: --target build/wheels --implementation cp \
      --python-version "${abi#cp}" --abi "$abi" --abi abi3 --abi none $tags "$each" \
      >/dev/null 2>&1 || printf ' %s' "$each"
  done
}

pins=$(sed -n '/win32/d; s/^\([A-Za-z0-9_.-]*==[^ ;]*\).*/\1/p' requirements/run.txt)
for system in "311 x86_64 36" "311 aarch64 36" "313 x86_64 41" "313 aarch64 41"; do
  # shellcheck disable=SC2086 # lists of words
  none=$(missing $system $pins)
  echo "Python, machine, glibc 2.x: $system: ${none:-all have one}"
done
