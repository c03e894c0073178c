#!/usr/bin/env bash
# From a fresh clone to a fine-tuned model: installs what is missing, builds, draws pictures of glyphs that the embedded
# backbone has never seen, fine-tunes it on some of them and shows what it gained on the others.
set -euo pipefail
cd "$(dirname "$0")/.."
Examples/install-dependencies.sh

echo "Building (a few minutes the first time) …"
swift build -c release --product siamese
swift build -c release --product siamese-finetune
bin=$(swift build -c release --show-bin-path)

out=${1:-.build/quickstart}
mkdir -p "$out"
echo "Drawing glyphs …"
"$bin/siamese" glyphs --output "$out/glyphs" --style runes --alphabets 4 --classes 80 --per-class 12 --seed 2026

# Through the whole network: letters of one alphabet at a time, as they are and turned, a little bent.
"$bin/siamese-finetune" --backbone weights/glyphs.h5 --data "$out/glyphs" --output "$out/model.h5" --ways 20 \
  --unfreeze all --head none --rate 3e-4 --backbone-rate 1 --average 0.99 --steps 250 --choose-on 0 \
  --loss multi-similarity --within-parents --classes-per-batch 15 \
  --augment affine:rotate=15:scale=0.2:shear=15:shift=0.06,elastic:0.03:5,quarter-turns,mirror \
  --hold-out 0.5 --export-features "$out/features.h5" --svm --metrics "$out/metrics.json"
