#pragma once
#include <assert.h>
#include <stdint.h>

#include "../include/Function.h"

// The conditions that the kernels' headers state in words they state as code too, made of these. SwiftPM defines DEBUG
// in debug builds, and NDEBUG in none: with assert() alone, release builds would check as well.

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define SIAMESE_IS_SANITISED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SIAMESE_IS_SANITISED 1
#endif

#if !defined(NDEBUG) && (defined(DEBUG) || defined(SIAMESE_IS_SANITISED))
#define SIAMESE_ASSERT(condition) assert(condition)
#else
// The condition is still compiled, so that it cannot rot, but never evaluated.
#define SIAMESE_ASSERT(condition) ((void)sizeof(!(condition)))
#endif

/// Whether a pointer is there, and aligned for elements of `size` bytes.
static inline int is_array(const void *pointer, uintptr_t size) { return pointer && (uintptr_t)pointer % size == 0; }

/// The same for an array that may be left out.
static inline int is_array_or_null(const void *pointer, uintptr_t size) { return !pointer || is_array(pointer, size); }

/// Whether `first ..< first + count` lies in `0 ..< end`.
static inline int is_part(int first, int count, int end) {
  return first >= 0 && count >= 0 && first <= end && count <= end - first;
}

/// Whether this processor has the instructions of a level, and those for bfloat16 where they are asked for.
static inline int is_available(siamese_level level, int uses_bfloat16) {
  return level <= siamese_best_level() && (!uses_bfloat16 || siamese_takes_bfloat16(level));
}

static inline int is_function(siamese_function f) {
  return (unsigned)f.kind <= siamese_gelu && (f.kind != siamese_limited || f.low <= f.high);
}
