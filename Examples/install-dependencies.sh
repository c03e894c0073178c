#!/usr/bin/env bash
# Installs the system libraries that the package builds on, where they are missing. Debian and Ubuntu only; elsewhere it
# names what to install. Changes nothing when all are there.
set -euo pipefail

command -v swift >/dev/null || { echo "Install a Swift 6.1 toolchain or later first: https://www.swift.org/install" >&2; exit 1; }

packages=(libhdf5-dev libpng-dev libturbojpeg0-dev libdnnl-dev libzip-dev libssl-dev libsqlite3-dev pkg-config)
if ! command -v dpkg-query >/dev/null; then
  echo "This is not a Debian-like system, so nothing was installed. Needed are the development files of HDF5 1.10, libpng 1.6," \
    "libjpeg-turbo 2, oneDNN 2.6, libzip, OpenSSL 3 and SQLite 3, and pkg-config." >&2
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "Run this as root: apt-get install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "Installing ${missing[*]}" >&2
"${as_root[@]}" apt-get update -q >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
