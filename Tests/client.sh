#!/usr/bin/env bash
# Checks that a package whose own targets have everyday names can depend on this one, and what it sees of it.
#
#   Tests/client.sh
#
# SwiftPM wants target names unique among all packages of a build, so a target of ours called Images would forbid users to
# have one. Nothing of the kit is built here: the build of a client's own target loads and checks the whole package graph.
# Where a build of this package is there (.build/release, or .build/$CONFIGURATION), a client's source is type-checked too.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The client's folder is not called like its dependency, since SwiftPM tells packages apart by their folders' names.
client=$scratch/client
ln -s "$root" "$scratch/siamese"
names=(Commands Evaluation Files Gallery Glyphs Graph HDF5 Images Inference Keras Kit MetricLearning OneDNN Reports
  SupportVectors Tensors TestSupport Training)
for name in "${names[@]}"; do
  mkdir -p "$client/Sources/$name"
  echo "public let name = \"$name\"" > "$client/Sources/$name/Name.swift"
done
mkdir -p "$client/Sources/App"
cat > "$client/Sources/App/Client.swift" <<'SWIFT'
import SiameseGallery
import SiameseKit

/// Both spellings: the module's name must not be hidden by a type's.
func explain(_ error: any Error) -> String {
  if let error = error as? SiameseGallery.GalleryError { return "\(error)" }
  if let error = error as? GalleryError { return "\(error)" }
  return "\(error)"
}
SWIFT
{
  echo '// swift-tools-version: 6.1'
  echo 'import PackageDescription'
  echo 'let package = Package(name: "client", dependencies: [.package(path: "../siamese")], targets: ['
  for name in "${names[@]}"; do echo "  .target(name: \"$name\"),"; done
  echo '  .target(name: "App", dependencies: ["Gallery", .product(name: "SiameseKit", package: "siamese")]),'
  echo '])'
} > "$client/Package.swift"

cd "$client"
cp "$root/Package.resolved" . 2>/dev/null || true
swift build --target Images
echo "a package with targets ${names[*]} builds beside this one"

built=$root/.build/${CONFIGURATION:-release}
if [ -e "$built/Modules/SiameseKit.swiftmodule" ]; then
  flags=(-I "$built/Modules")
  for map in "$built"/CSiamese*.build/module.modulemap "$root"/Sources/CSiamese*/module.modulemap \
    "$root/.build/checkouts/GRDB.swift/Sources/GRDBSQLite/module.modulemap"; do
    [ ! -e "$map" ] || flags+=(-Xcc "-fmodule-map-file=$map")
  done
  for headers in "$root"/Sources/CSiamese*/include; do flags+=(-Xcc -I -Xcc "$headers"); done
  for flag in $(pkg-config --cflags hdf5-serial libzip libcrypto sqlite3 2>/dev/null || true); do flags+=(-Xcc "$flag"); done
  swiftc -typecheck -parse-as-library "${flags[@]}" Sources/App/Client.swift
  echo "a client can name SiameseGallery.GalleryError"
fi
