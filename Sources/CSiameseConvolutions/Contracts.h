#pragma once
#include <assert.h>
#include <stdint.h>

#include "include/CSiameseConvolutions.h"

// The conditions that the headers state, as code. SwiftPM defines DEBUG in debug builds, and NDEBUG in none: with
// assert() alone, release builds would check as well.

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

static inline int is_pointwise_shape(siamese_level level, const siamese_pointwise_shape *s) {
  return s && is_available(level, s->kind != siamese_floats) && (unsigned)s->kind <= siamese_bfloat16_of_floats
      && s->height > 0 && s->width > 0 && s->channels > 0 && s->output_height > 0 && s->output_width > 0
          && s->filters > 0
      && (s->stride == 1
              ? s->output_height == s->height && s->output_width == s->width
              : s->stride == 2 && s->kind <= siamese_bfloat16 && 2 * (s->output_height - 1) < s->height
                  && 2 * (s->output_width - 1) < s->width)
      && is_function(s->function);
}

static inline int is_winograd_shape(siamese_level level, const siamese_winograd_shape *s) {
  return s && is_available(level, s->is_bfloat16) && s->height > 0 && s->width > 0 && s->channels > 0
      && s->channels % 16 == 0 && s->output_height > 0 && s->output_width > 0 && s->filters > 0 && s->filters % 16 == 0
      && s->top >= 0 && s->left >= 0;
}

static inline int is_depthwise_shape(siamese_level level, const siamese_depthwise_shape *s) {
  return s && is_available(level, s->kind != siamese_depthwise_floats) && (unsigned)s->kind <= siamese_depthwise_rounded
      && s->height > 0 && s->width > 0 && s->output_height > 0 && s->output_width > 0
      && (s->kernel == 3 || s->kernel == 5 || s->kernel == 7) && (s->stride == 1 || s->stride == 2) && s->top >= 0
      && s->left >= 0 && s->pixel >= 16 && s->output_pixel >= 16 && is_function(s->before) && is_function(s->after);
}

static inline int is_first_shape(siamese_level level, const siamese_first_shape *s) {
  return s && is_available(level, s->kind != siamese_floats) && (unsigned)s->kind <= siamese_floats_of_bfloat16
      && s->height > 0 && s->width > 0 && s->output_height > 0 && s->output_width >= 13 && s->filters > 0
      && s->window_height > 0 && s->window_width > 0 && (s->stride == 1 || s->stride == 2) && s->top >= 0
          && s->left >= 0
      && is_function(s->function);
}

static inline int is_layer_normalization_shape(siamese_level level, const siamese_layer_normalization_shape *s) {
  return s && is_available(level, s->is_bfloat16) && s->pixels > 0 && s->channels > 0 && s->channels % 16 == 0
      && s->epsilon >= 0;
}

/// Bytes of an element of a product's map and weights, and of its output.
static inline uintptr_t input_size(siamese_product_kind kind) {
  return kind == siamese_bfloat16 || kind == siamese_floats_of_bfloat16 ? 2 : 4;
}
static inline uintptr_t output_size(siamese_product_kind kind) {
  return kind == siamese_bfloat16 || kind == siamese_bfloat16_of_floats ? 2 : 4;
}

/// Blocks of 16 channels.
static inline int block_count_of(int channels) { return (channels + 15) / 16; }
