#pragma once
#include <stddef.h>
#include <stdint.h>

#include "Levels.h"

// Vectors of sixteen floats, one for each channel of a block. Compilers make one register of each with AVX-512, two
// with AVX2, and four without either.

typedef float vector __attribute__((vector_size(64)));
typedef uint32_t words __attribute__((vector_size(64)));
typedef uint16_t bfloat16s __attribute__((vector_size(32)));
typedef float unaligned_vector __attribute__((vector_size(64), aligned(4)));
typedef uint16_t unaligned_bfloat16s __attribute__((vector_size(32), aligned(2)));

// Vectors are passed between functions that are all inlined, so how they would be passed otherwise does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline)) WIDE
#if defined(SIAMESE_NO_UNROLLING)
// Under sanitisers, whose checks of every access would take minutes to compile in unrolled loops.
#define UNROLLED
#define ROLLED
#elif defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#define ROLLED _Pragma("clang loop unroll(disable)")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#define ROLLED _Pragma("GCC unroll 1")
#endif

#define FLOATS(from) ((vector)*(const unaligned_vector *)(from))

// Each kernel has its own copies of the functions in Vectors.h and Products.h, which are included once for each: what
// is load() there is NAME_load() to the compiler, where SIAMESE_KERNEL is NAME. Compilers inline functions in the order
// in which a unit first calls them, and registers and addresses come out differently in another order; with copies a
// kernel is compiled as if it were alone.
#define OWN_NAME(kernel, name) kernel##_##name
#define NAME_OF(kernel, name) OWN_NAME(kernel, name)
#define OWN(name) NAME_OF(SIAMESE_KERNEL, name)
