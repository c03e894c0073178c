#!/usr/bin/env bash
# Runs the loops in C under the address and undefined-behaviour sanitisers, at every instruction set that this processor
# has, and compiles them with gcc too, where it is installed. Takes two to three minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# In this order both processors are busy nearly to the end, under sanitisers as with gcc.
target=Sources/CSiameseConvolutions
loops=("$target"/Levels/{Portable,AVX512,AVX2}.c "$target/Dispatch.c")

# The clang of the Swift toolchain, if its sanitisers are installed; else gcc.
compiler=$(dirname "$(readlink -f "$(command -v swift)")")/clang
sanitisers=(-fsanitize=address,undefined -fno-sanitize-recover=all)
echo 'int main(void) { return 0; }' >"$folder/empty.c"
if ! "$compiler" "${sanitisers[@]}" "$folder/empty.c" -o "$folder/empty" 2>/dev/null || ! "$folder/empty"; then
  compiler=gcc
else
  # Gold, which this clang would ask, warns of hundreds of symbols in the sanitisers' own library.
  linker=-fuse-ld=lld
fi
echo "Kernels under sanitisers, by $("$compiler" --version | head -n 1)"

# Compiles each of the files given after the compiler's arguments and "--" to an object file, two at a time. How vectors
# would be passed between functions (psabi) does not matter: functions that take them are all inlined.
compile() {
  local arguments=()
  while [[ $1 != -- ]]; do
    arguments+=("$1")
    shift
  done
  shift
  # Where one fails, xargs does.
  printf '%s\0' "$@" | xargs -0 -P 2 -I {} bash -c '
    file=$1; folder=$2; shift 2
    "$@" -Wall -Wextra -Werror -Wno-psabi -c "$file" -o "$folder/${file//\//-}.o"' \
    compile {} "$folder" "${arguments[@]}"
}

# Checks of every access in unrolled loops would take minutes to compile.
compile "$compiler" -g1 -O1 -DSIAMESE_NO_UNROLLING "${sanitisers[@]}" -- "${loops[@]}" Tests/Sanitize/*.c
"$compiler" "${sanitisers[@]}" ${linker:+"$linker"} "$folder"/*.o -lm -o "$folder/kernels"
UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_stack_use_after_return=1 "$folder/kernels"

for gcc in gcc-12 gcc; do
  if command -v "$gcc" >/dev/null; then
    rm -f "$folder"/*.o
    compile "$gcc" -O2 -- "${loops[@]}"
    echo "$("$gcc" --version | head -n 1): no warnings"
    break
  fi
done
