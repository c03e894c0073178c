#!/usr/bin/env bash
# Trains the embedded default backbone, glyphs.h5, on characters that the toolkit draws. See README.md here.
#
#   weights/make_default.sh [OUTPUT.h5]     by default over weights/glyphs.h5
set -euo pipefail
cd "$(dirname "$0")/.."
output=${1:-weights/glyphs.h5}
tools=${SIAMESE_TOOLS:-.build/release}
[ -x "$tools/siamese" ] || swift build -c release

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The quickstart, the guide and the tests draw alphabets of other seeds; none of them is seen here.
"$tools/siamese" glyphs --output "$scratch/glyphs" --style script --alphabets 150 --classes 3000 --per-class 10 \
  --size 48 --seed 1000

"$tools/siamese" finetune --architecture conv4 --from-scratch --head linear:128,plain --head-init orthogonal \
  --data "$scratch/glyphs" --hold-out 0.01 --output "$scratch/model.h5" --export-backbone "$output" \
  --loss multi-similarity --within-parents --classes-per-batch 20 --pictures-per-class 4 \
  --steps 6000 --schedule one-cycle --rate 2e-3 --average 0.999 --threads 1 \
  --augment affine:rotate=15:scale=0.2:shear=15:shift=0.06,elastic:0.03:5,quarter-turns,mirror
