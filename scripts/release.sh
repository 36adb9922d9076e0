#!/bin/sh
# Makes dist/floorgate-VERSION.tar.gz of the committed state: on the box, unpack it, run install.sh.
#   scripts/release.sh                 packages are fetched when it is installed
#   scripts/release.sh --with-wheels   they come along, for machines like this one
set -eu
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
name=floorgate-$version
mkdir -p dist
[ -z "$(git status --porcelain)" ] || echo "release: what is not committed is left out" >&2
git archive --prefix="$name/" --output "dist/$name.tar" HEAD
if [ "${1:-}" = --with-wheels ]; then
  wheels=$(mktemp -d)
  scripts/setup.sh run
  .venv/bin/python -m pip -qq --disable-pip-version-check download --no-deps --only-binary :all: \
    --require-hashes -r requirements/run.txt --dest "$wheels/$name/wheels"
  tar --append --file "dist/$name.tar" --owner=0 --group=0 -C "$wheels" "$name"
  rm -rf "$wheels"
fi
gzip -nf9 "dist/$name.tar"
(cd dist && sha256sum "$name.tar.gz" | tee "$name.tar.gz.sha256")
