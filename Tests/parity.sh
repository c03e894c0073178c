#!/usr/bin/env bash
# Compares the built tools with the frameworks that they read from and are measured against. Slow (up to 25 minutes on two
# cores), and needs a package index for Python; the ordinary tests need neither.
#
#   Tests/parity.sh                    all topics
#   Tests/parity.sh inference svm      some of them
#
# PARITY_PYTHON=/path/to/python uses that interpreter and its packages instead of a throwaway environment.
# PARITY_ONLY=ResNet50,VGG16 restricts the networks of `inference`.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=${SIAMESE_TOOLS:-.build/release}
[ -x "$tools/siamese" ] || swift build -c release

python=${PARITY_PYTHON:-}
if [ -z "$python" ]; then
  environment=$(mktemp -d)
  trap 'rm -rf "$environment"' EXIT
  python3 -m venv "$environment"
  python="$environment/bin/python"
  "$python" -m pip install --quiet tensorflow-cpu keras h5py pillow numpy
fi

# Installs packages into the throwaway environment; a given interpreter is expected to have them.
needs() { [ -n "${PARITY_PYTHON:-}" ] || "$python" -m pip install --quiet "$@"; }

inference() { "$python" Tests/Parity/inference.py "$tools/siamese" ${PARITY_ONLY:+--only "$PARITY_ONLY"}; }

export_() {
  local backbone
  backbone=$(ls weights/*.h5 weights/*.keras 2>/dev/null | head -1)
  local pictures="${PARITY_PICTURES:-../shared/data/orl-faces}"
  if [ -z "$backbone" ] || [ ! -d "$pictures" ]; then
    echo "skip export: needs a backbone in weights/ and pictures in $pictures (PARITY_PICTURES)"
    return 0
  fi
  "$python" Tests/Parity/export.py "$tools" "$backbone" "$pictures"
}

gradients() {
  needs torch
  "$python" Tests/Parity/gradients.py "$tools/siamese"
}

svm() {
  needs scikit-learn libsvm-official numpy
  "$python" Tests/Parity/svm.py "$tools/siamese"
}

retrieval() {
  needs torch
  needs pytorch-metric-learning faiss-cpu scikit-learn
  "$python" Tests/Parity/retrieval.py "$tools/siamese"
}

failed=()
for topic in "${@:-inference export gradients svm retrieval}"; do
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
