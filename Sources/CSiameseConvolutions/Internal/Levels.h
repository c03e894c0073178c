#pragma once

// A kernel's header is compiled four times: once for each level of instructions, by the units in the folder Levels,
// which set SIAMESE_LEVEL to one of the numbers below and get the loops, and once by Dispatch.c, which sets
// SIAMESE_DISPATCH and gets the functions of the interface, which check their arguments and choose among the levels. A
// function siamese_NAME of the interface is siamese_NAME_LEVEL at each level.

#define LEVEL_PORTABLE 0
#define LEVEL_AVX2 1
#define LEVEL_AVX512 2

// A separate function is compiled as if its callers were in other units: since linkers may replace what is weak,
// compilers neither inline it nor conclude anything from its body. So what a kernel is compiled to does not depend on
// the other kernels of its unit. For Dispatch.c functions are not weak: linkers would not miss one that nobody defines.
#ifdef SIAMESE_LEVEL
#define SEPARATE __attribute__((weak))
#else
#define SEPARATE
#endif

// Declares a function at every level, for the loops, which define it at one, and for Dispatch.c, which calls it.
#if defined(__x86_64__)
#define AT_EVERY_LEVEL(result, name, parameters) \
  SEPARATE result siamese_##name##_portable parameters; \
  SEPARATE result siamese_##name##_avx2 parameters; \
  SEPARATE result siamese_##name##_avx512 parameters
#else
#define AT_EVERY_LEVEL(result, name, parameters) SEPARATE result siamese_##name##_portable parameters
#endif

#ifdef SIAMESE_DISPATCH
// The function of a level that is known when it is called.
#if defined(__x86_64__)
#define AT(level, name) \
  ((level) == siamese_avx512 ? siamese_##name##_avx512 \
   : (level) == siamese_avx2 ? siamese_##name##_avx2   \
                             : siamese_##name##_portable)
#else
#define AT(level, name) ((void)(level), siamese_##name##_portable)
#endif
#endif

#ifdef SIAMESE_LEVEL
// AT_LEVEL is a function of the level that is being compiled, WIDE the level's instructions.
#if SIAMESE_LEVEL == LEVEL_AVX512
#include <immintrin.h>
#define AT_LEVEL(name) siamese_##name##_avx512
// Floats' loops use none of bfloat16's instructions, but are made of the same pieces.
#define WIDE __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")))
// Pixels and blocks of 16 filters in a tile of a product: their sums fill 26 of 32 registers.
enum { pixels = 13, tile_blocks = 2 };
#elif SIAMESE_LEVEL == LEVEL_AVX2
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
#endif
