#!/usr/bin/env bash
# Times this package and its peers side by side, on the same networks, batches and threads, and prints the ratio table.
#
#     Tests/performance.sh MODELS [--networks resnet50 …] [--batch 1 16] [--threads 2] [--output table.md]
#
# MODELS is a folder with NAME.h5, NAME.onnx and NAME.keras of each network, as ../shared/peers/make_backbone.py or
# Tests/Performance/make_models.py write them. PYTHON names an interpreter that has onnxruntime, openvino and
# tensorflow-cpu. Figures of one call compare; those of different calls on a busy machine do not.
set -euo pipefail
cd "$(dirname "$0")/.."
swift build -c release --product siamese
exec "${PYTHON:-python3}" Tests/Performance/compare.py --siamese .build/release/siamese "$@"
