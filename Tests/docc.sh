#!/usr/bin/env bash
# Builds the documentation of all rooms together from what `swift build -c release` has built.
#
#   Tests/docc.sh [FOLDER]    FOLDER is .build/documentation by default; serve it with any web server
#
# CONFIGURATION=debug takes a debug build. Fails where an article or comment links to a symbol that is not there.
set -euo pipefail
cd "$(dirname "$0")/.."
output=${1:-.build/documentation}
built=.build/${CONFIGURATION:-release}
[ -e "$built/Modules/SiameseKit.swiftmodule" ] || swift build -c "${CONFIGURATION:-release}" --product siamese
graphs=$(mktemp -d)
trap 'rm -rf "$graphs"' EXIT

# The compiler finds C modules by their maps: those that SwiftPM wrote, and those of system libraries.
flags=(-I "$built/Modules" -target "$(swift -print-target-info | sed -n 's/.*"triple": "\(.*\)",/\1/p' | head -1)")
for map in "$built"/CSiamese*.build/module.modulemap Sources/CSiamese*/module.modulemap \
  .build/checkouts/GRDB.swift/Sources/GRDBSQLite/module.modulemap; do
  [ ! -e "$map" ] || flags+=(-Xcc "-fmodule-map-file=$map")
done
for headers in Sources/CSiamese*/include; do flags+=(-Xcc -I -Xcc "$headers"); done
# Headers that do not lie where the compiler looks by itself, such as those of HDF5.
for flag in $(pkg-config --cflags hdf5-serial libzip libcrypto sqlite3 2>/dev/null || true); do flags+=(-Xcc "$flag"); done

extract() {
  swift symbolgraph-extract -module-name "$1" "${flags[@]}" -output-dir "$graphs" -minimum-access-level public \
    -skip-synthesized-members
}
for room in Sources/Siamese*/; do
  room=$(basename "$room")
  [ "$room" = SiameseCommands ] || extract "$room"
done

swift_bin=$(dirname "$(readlink -f "$(command -v swift)")")
docc=$(command -v docc || echo "$swift_bin/docc")
rm -rf "$output"
"$docc" convert Sources/SiameseKit/SiameseKit.docc --additional-symbol-graph-dir "$graphs" --output-path "$output" \
  --fallback-display-name Siamese --fallback-bundle-identifier siamese --fallback-default-module-kind Package \
  > "$graphs/log" 2>&1 || { cat "$graphs/log" >&2; exit 1; }
# That a parameter is not described is a matter of taste; that something linked to is not there is wrong.
if grep -E '^(warning|error)' "$graphs/log" | grep -v 'is missing documentation$' >&2; then
  exit 1
fi

# The code in the articles compiles: each block in a function of its own.
snippets=$graphs/Snippets.swift
awk 'BEGIN { print "import Foundation\nimport SiameseKit" }
  FNR == 1 { inside = 0 }
  /^```swift/ { inside = 1; print "func snippet" ++count "() throws {"; next }
  /^```/ && inside { inside = 0; print "}"; next }
  inside' Sources/SiameseKit/SiameseKit.docc/*.md > "$snippets"
swiftc -typecheck -parse-as-library -suppress-warnings "${flags[@]}" "$snippets"
echo "documentation in $output"
