#!/usr/bin/env bash
# Builds one room with its tests and runs them; nothing else is compiled.
#
#   Tests/room.sh Inference              all tests of SiameseInferenceTests
#   Tests/room.sh Inference Pointwise    those whose names hold the word
#   Tests/room.sh --debug Inference      without optimisation
#
# Rooms whose tests compute much are built with optimisation: that takes longer to compile, and their tests would take minutes
# without. It keeps a build of its own in .build/room.
set -euo pipefail
cd "$(dirname "$0")/.."
configuration=
if [ "${1:-}" = --debug ] || [ "${1:-}" = --release ]; then
  configuration=${1#--}
  shift
fi
room=${1:?give the name of a room, such as Inference}
room=${room#Siamese}
[ -d "Tests/Siamese${room}Tests" ] || { echo "there is no Tests/Siamese${room}Tests" >&2; exit 1; }

case ${configuration:-$room} in
  release | Inference | Training | SupportVectors | Evaluation | MetricLearning | Kit | Commands) configuration=release ;;
  *) configuration=debug ;;
esac

export SIAMESE_ROOM=$room  # Package.swift leaves out the tests of other rooms
exec swift test --scratch-path .build/room --test-product siamesePackageTests -c "$configuration" \
  --filter "Siamese${room}Tests${2:+.*$2}"
