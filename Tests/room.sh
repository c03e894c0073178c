#!/usr/bin/env bash
# Builds one room with its tests and runs them; nothing else is compiled.
#
#   Tests/room.sh Inference              all tests of SiameseInferenceTests
#   Tests/room.sh Inference Pointwise    those whose names hold the word
#   Tests/room.sh --release Training     with optimisation, which the numeric tests of some rooms want
#
# It keeps a build of its own in .build/room.
set -euo pipefail
cd "$(dirname "$0")/.."
flags=()
if [ "${1:-}" = --release ]; then
  flags=(-c release)
  shift
fi
room=${1:?give the name of a room, such as Inference}
room=${room#Siamese}
[ -d "Tests/Siamese${room}Tests" ] || { echo "there is no Tests/Siamese${room}Tests" >&2; exit 1; }

export SIAMESE_ROOM=$room  # Package.swift leaves out the tests of other rooms
exec swift test --scratch-path .build/room --test-product siamesePackageTests "${flags[@]}" \
  --filter "Siamese${room}Tests${2:+.*$2}"
