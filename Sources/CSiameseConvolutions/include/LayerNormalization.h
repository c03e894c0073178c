#pragma once
#include <stddef.h>

#include "Function.h"

/// Layer normalisation over the channels of each pixel, of maps in blocks of 16 channels.

/// Of a map `[channels/16][pixels][16]`.
typedef struct {
  /// Pixels of one picture, and channels: a multiple of 16, so that there are no padded lanes.
  int pixels, channels;
  /// If not 0, map and output are bfloat16; otherwise floats.
  int is_bfloat16;
  /// Added to each pixel's variance; not negative.
  float epsilon;
} siamese_layer_normalization_shape;

/// `output = gamma · (map − mean) / √(variance + epsilon) + beta`, with mean and variance over the channels of each
/// pixel, at pixels `first ..< first + count` of one picture. `count` may be 0; all other pixels of the output stay as
/// they are.
///
/// - `map` and `output`: `[channels/16][pixels][16]`.
/// - `gamma` and `beta`: `[channels]` floats.
void siamese_layer_normalization(
    siamese_level level, const siamese_layer_normalization_shape *shape, const void *map, const float *gamma,
    const float *beta, int first, int count, void *output);

// What follows is seen only inside this target.

#if defined(SIAMESE_DISPATCH) || defined(SIAMESE_LEVEL)
#include "../Internal/Levels.h"

AT_EVERY_LEVEL(
    void, layer_normalization,
    (const siamese_layer_normalization_shape *shape, const void *map, const float *gamma, const float *beta, int first,
     int count, void *output));
#endif

#ifdef SIAMESE_DISPATCH
#include "../Internal/Contracts.h"

static inline int is_layer_normalization_shape(siamese_level level, const siamese_layer_normalization_shape *s) {
  return s && is_available(level, s->is_bfloat16) && s->pixels > 0 && s->channels > 0 && s->channels % 16 == 0
      && s->epsilon >= 0;
}

void siamese_layer_normalization(
    siamese_level level, const siamese_layer_normalization_shape *shape, const void *map, const float *gamma,
    const float *beta, int first, int count, void *output) {
  SIAMESE_ASSERT(is_layer_normalization_shape(level, shape) && is_part(first, count, shape->pixels));
  SIAMESE_ASSERT(is_array(map, shape->is_bfloat16 ? 2 : 4) && is_array(output, shape->is_bfloat16 ? 2 : 4));
  SIAMESE_ASSERT(is_array(gamma, 4) && is_array(beta, 4));
  AT(level, layer_normalization)(shape, map, gamma, beta, first, count, output);
}
#endif

#ifdef SIAMESE_LEVEL
#define SIAMESE_KERNEL layer_normalization
#include "../Internal/Vectors.h"

// Pixels at a time: few enough that their channels, which are read three times, stay in the first cache.
enum { most_pixels = 8 };

INLINE float sum_of_lanes(vector values) {
#if SIAMESE_LEVEL == LEVEL_AVX512
  return _mm512_reduce_add_ps((__m512)values);
#else
  float sum = 0;
  for (int i = 0; i < 16; i++) sum += values[i];
  return sum;
#endif
}

/// Normalises `n` neighbouring pixels.
INLINE void normalise(
    const siamese_layer_normalization_shape *s, const void *map, const float *gamma, const float *beta, size_t first,
    void *output,
    int is_bfloat16, int n) {
  int blocks = s->channels / 16;
  size_t plane = (size_t)s->pixels * 16;
  vector sums[most_pixels], squares[most_pixels], x;
  UNROLLED for (int i = 0; i < n; i++) sums[i] = squares[i] = (vector){0};
  for (int c = 0; c < blocks; c++)
    UNROLLED for (int i = 0; i < n; i++) {
      load(map, (size_t)c * plane + (first + (size_t)i) * 16, is_bfloat16, &x);
      sums[i] += x;
    }
  UNROLLED for (int i = 0; i < n; i++) sums[i] = (vector){0} + sum_of_lanes(sums[i]) / (float)s->channels;
  for (int c = 0; c < blocks; c++)
    UNROLLED for (int i = 0; i < n; i++) {
      load(map, (size_t)c * plane + (first + (size_t)i) * 16, is_bfloat16, &x);
      squares[i] += (x - sums[i]) * (x - sums[i]);
    }
  UNROLLED for (int i = 0; i < n; i++)
    squares[i] = 1 / square_root((vector){0} + (sum_of_lanes(squares[i]) / (float)s->channels + s->epsilon));
  for (int c = 0; c < blocks; c++) {
    vector scale = FLOATS(gamma + 16 * c), offset = FLOATS(beta + 16 * c);
    UNROLLED for (int i = 0; i < n; i++) {
      size_t place = (size_t)c * plane + (first + (size_t)i) * 16;
      load(map, place, is_bfloat16, &x);
      store(output, place, is_bfloat16, (x - sums[i]) * squares[i] * scale + offset);
    }
  }
}

INLINE void normalise_all(
    const siamese_layer_normalization_shape *s, const void *map, const float *gamma, const float *beta, int first,
    int count,
    void *output, int is_bfloat16) {
  int i = 0;
  for (; i + most_pixels <= count; i += most_pixels)
    normalise(s, map, gamma, beta, (size_t)(first + i), output, is_bfloat16, most_pixels);
  for (; i < count; i++) normalise(s, map, gamma, beta, (size_t)(first + i), output, is_bfloat16, 1);
}

WIDE void AT_LEVEL(layer_normalization)(
    const siamese_layer_normalization_shape *s, const void *map, const float *gamma, const float *beta, int first,
    int count,
    void *output) {
  if (s->is_bfloat16) normalise_all(s, map, gamma, beta, first, count, output, 1);
  else normalise_all(s, map, gamma, beta, first, count, output, 0);
}

#undef SIAMESE_KERNEL
#endif
