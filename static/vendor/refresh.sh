#!/usr/bin/env bash
# Fetch the pinned browser libraries from the npm registry that npm is set up with, unpack what we serve.
# To upgrade: change the version here, run `make assets`, change the path in the templates that name it.
set -euo pipefail
cd "$(dirname "$0")"

# name in this folder | npm package | version | files inside the package
LIBRARIES="
htmx|htmx.org|2.0.11|dist/htmx.min.js LICENSE
"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
while IFS='|' read -r name package version files; do
  [ -n "$name" ] || continue
  archive=$(npm pack "$package@$version" --pack-destination "$work" --silent)
  rm -rf "$work/package" && tar -xzf "$work/$archive" -C "$work"
  rm -rf "./$name"-[0-9]* && mkdir "$name-$version"
  for file in $files; do
    cp "$work/package/$file" "$name-$version/"
  done
  sed -i 's/^\/\/# sourceMappingURL=.*$//' "$name-$version"/*.js
  chmod 644 "$name-$version"/*
  echo "$name $version"
done <<<"$LIBRARIES"
