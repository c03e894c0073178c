#pragma once

// The instructions for which a body is compiled: each unit in the folders beside this one sets LEVEL and includes one
// body. A function called NAME in the interface is siamese_NAME_LEVEL at each level, and Dispatch.c chooses among them.

#define LEVEL_PORTABLE 0
#define LEVEL_AVX2 1
#define LEVEL_AVX512 2

#if LEVEL == LEVEL_AVX512
#include <immintrin.h>
#define AT_LEVEL(name) siamese_##name##_avx512
// Floats' loops use none of bfloat16's instructions, but are made of the same pieces.
#define WIDE __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")))
// Pixels and blocks of 16 filters in a tile of a product: their sums fill 26 of 32 registers.
enum { pixels = 13, tile_blocks = 2 };
#elif LEVEL == LEVEL_AVX2
#include <immintrin.h>
#define AT_LEVEL(name) siamese_##name##_avx2
#define WIDE __attribute__((target("avx2,fma,f16c")))
// Each block takes two registers here: their sums fill 12 of 16.
enum { pixels = 6, tile_blocks = 1 };
#else
#define AT_LEVEL(name) siamese_##name##_portable
#define WIDE
enum { pixels = 6, tile_blocks = 1 };
#endif
