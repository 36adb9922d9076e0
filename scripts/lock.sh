#!/bin/sh
# Writes requirements/run.txt and requirements/dev.txt from pyproject.toml: every version pinned,
# every file by hash, no registry named. Versions already pinned stay; `--upgrade` renews them.
set -eu
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9
tool=.venv/lock
if [ "$("$tool/bin/uv" --version 2>/dev/null | cut -d' ' -f2)" != "$UV_VERSION" ]; then
  echo "lock: fetching uv $UV_VERSION"
  python3 -m venv "$tool"
  "$tool/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
fi

lock() { # lock FILE ARGUMENT...: resolves for every platform, from wheels only
  file=$1
  shift
  "$tool/bin/uv" pip compile --quiet --no-config --no-header --universal \
    --python-version 3.11 --only-binary :all: --generate-hashes --no-emit-index-url \
    --no-annotate --group build "$@" --output-file "$file" pyproject.toml
  echo "lock: $file, $(grep -c '==' "$file") packages"
}

lock requirements/run.txt "$@"
lock requirements/dev.txt --extra dev --constraint requirements/run.txt "$@"
