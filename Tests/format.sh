#!/usr/bin/env bash
# Checks that the code is laid out as .swift-format says. `Tests/format.sh --fix` lays it out so.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = --fix ]; then
  exec swift format --in-place --parallel --recursive Sources Tests Examples Package.swift
fi
exec swift format lint --strict --parallel --recursive Sources Tests Examples Package.swift
