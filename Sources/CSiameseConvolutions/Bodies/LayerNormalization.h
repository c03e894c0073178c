#include "../include/LayerNormalization.h"

#include "Vectors.h"

// Pixels at a time: few enough that their channels, which are read three times, stay in the first cache.
enum { most = 8 };

INLINE float total(vector values) {
#if LEVEL == LEVEL_AVX512
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
  vector sums[most], squares[most], x;
  UNROLLED for (int i = 0; i < n; i++) sums[i] = squares[i] = (vector){0};
  for (int c = 0; c < blocks; c++)
    UNROLLED for (int i = 0; i < n; i++) {
      load(map, (size_t)c * plane + (first + (size_t)i) * 16, is_bfloat16, &x);
      sums[i] += x;
    }
  UNROLLED for (int i = 0; i < n; i++) sums[i] = (vector){0} + total(sums[i]) / (float)s->channels;
  for (int c = 0; c < blocks; c++)
    UNROLLED for (int i = 0; i < n; i++) {
      load(map, (size_t)c * plane + (first + (size_t)i) * 16, is_bfloat16, &x);
      squares[i] += (x - sums[i]) * (x - sums[i]);
    }
  UNROLLED for (int i = 0; i < n; i++)
    squares[i] = 1 / square_root((vector){0} + (total(squares[i]) / (float)s->channels + s->epsilon));
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
  for (; i + most <= count; i += most) normalise(s, map, gamma, beta, (size_t)(first + i), output, is_bfloat16, most);
  for (; i < count; i++) normalise(s, map, gamma, beta, (size_t)(first + i), output, is_bfloat16, 1);
}

WIDE void AT_LEVEL(layer_normalization)(
    const siamese_layer_normalization_shape *s, const void *map, const float *gamma, const float *beta, int first,
    int count,
    void *output) {
  if (s->is_bfloat16) normalise_all(s, map, gamma, beta, first, count, output, 1);
  else normalise_all(s, map, gamma, beta, first, count, output, 0);
}
