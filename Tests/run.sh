#!/usr/bin/env bash
# Installs the system libraries that are missing, then builds and runs every test. In release mode: the numeric tests
# would take minutes without optimisation.
set -euo pipefail
cd "$(dirname "$0")/.."
Examples/install-dependencies.sh
exec swift test -c release "$@"
