#include "../include/Depthwise.h"

#include <string.h>

#include "Vectors.h"

// The most outputs that are summed at a time. 5×5 windows take 14 or 7, which divide most networks' widths: with fewer,
// each addition would wait for the one before it. For other windows compilers keep no more than 8 sums in registers.
enum { most = 14 };

/// One row of the input between its zeros, in floats, after the first activation.
INLINE void fill_row(const siamese_depthwise_shape *s, const void *map, int y, int width, int is_bfloat16, float *row) {
  // A copy: what is stored below could lie over the function's bounds, for all the compiler knows.
  const siamese_function before = s->before;
  int left = s->left < width ? s->left : width;
  int count = y < 0 || y >= s->height ? 0 : s->width < width - left ? s->width : width - left;
  memset(row, 0, (size_t)left * 64);
  memset(row + 16 * (left + count), 0, (size_t)(width - left - count) * 64);
  size_t start = (size_t)y * (size_t)s->width * s->pixel;
  float *out = row + 16 * left;
  int x = 0;
  for (; x + 4 <= count; x += 4) {
    vector values[4];
    for (int i = 0; i < 4; i++) load(map, start + (size_t)(x + i) * s->pixel, is_bfloat16, &values[i]);
    apply(before, before.kind, values, 4, is_bfloat16);
    for (int i = 0; i < 4; i++) store(out, (size_t)(x + i) * 16, 0, values[i]);
  }
  for (; x < count; x++) {
    vector value;
    load(map, start + (size_t)x * s->pixel, is_bfloat16, &value);
    apply(before, before.kind, &value, 1, is_bfloat16);
    store(out, (size_t)x * 16, 0, value);
  }
}

/// Computes `n` neighbouring outputs, and adds them to `total`.
INLINE void outputs(
    const siamese_depthwise_shape *s, const float *const *rows, int x, int k, int stride, int n, int is_bfloat16,
    const float *weights, vector bias, siamese_function after, void *to, size_t start, vector *total) {
  vector sums[most];
  for (int i = 0; i < n; i++) sums[i] = bias;
  for (int ky = 0; ky < k; ky++) {
    const float *row = rows[ky] + 16 * x * stride;
    for (int kx = 0; kx < k; kx++) {
      vector w = FLOATS(weights + 16 * (ky * k + kx));
      for (int i = 0; i < n; i++) sums[i] += w * FLOATS(row + 16 * (i * stride + kx));
    }
  }
  apply(after, after.kind, sums, n, is_bfloat16);
  for (int i = 0; i < n; i++) {
    *total += sums[i];
    store(to, start + (size_t)(x + i) * s->output_pixel, is_bfloat16, sums[i]);
  }
}

INLINE void convolve(
    const siamese_depthwise_shape *s, const void *map, const float *weights, const float *bias, float *scratch,
    void *output,
    void *average, int k, int stride, int reads_bfloat16, int is_bfloat16) {
  int width = (s->output_width - 1) * stride + k;
  const siamese_function after = s->after;
  vector offset = bias ? FLOATS(bias) : (vector){0}, total = {0};
  // Working memory holds the k rows that the window covers, row y of the padded map at place y % k.
  int filled = 0;
  for (int y = 0; y < s->output_height; y++) {
    const float *rows[7];
    for (; filled < y * stride + k; filled++)
      if (filled >= y * stride)
        fill_row(s, map, filled - s->top, width, reads_bfloat16, scratch + (size_t)(filled % k * width) * 16);
    for (int i = 0; i < k; i++) rows[i] = scratch + (size_t)((y * stride + i) % k * width) * 16;
    size_t start = (size_t)y * (size_t)s->output_width * s->output_pixel;
    int x = 0;
#define OUTPUTS(n)                                                                                                     \
  for (; x + n <= s->output_width; x += n)                                                                            \
    outputs(s, rows, x, k, stride, n, is_bfloat16, weights, offset, after, output, start, &total);
    if (k == 5) {
      OUTPUTS(14) OUTPUTS(7)
    }
    OUTPUTS(8) OUTPUTS(4) OUTPUTS(2) OUTPUTS(1)
  }
  if (average) {
    total *= 1 / ((float)s->output_height * (float)s->output_width);
    store(average, 0, is_bfloat16, total);
  }
}

#define PARAMETERS \
  const siamese_depthwise_shape *s, const void *map, const float *weights, const float *bias, float *scratch, \
      void *output, void *average
#define ARGUMENTS s, map, weights, bias, scratch, output, average
#define KERNEL(k, stride)                                                                                              \
  WIDE static void floats_##k##_##stride(PARAMETERS) { convolve(ARGUMENTS, k, stride, 0, 0); }                       \
  WIDE static void bfloat16_##k##_##stride(PARAMETERS) { convolve(ARGUMENTS, k, stride, 1, 1); }                       \
  WIDE static void rounded_##k##_##stride(PARAMETERS) { convolve(ARGUMENTS, k, stride, 0, 1); }

KERNEL(3, 1) KERNEL(3, 2) KERNEL(5, 1) KERNEL(5, 2) KERNEL(7, 1) KERNEL(7, 2)

size_t AT_LEVEL(depthwise_scratch)(const siamese_depthwise_shape *s) {
  return (size_t)s->kernel * (size_t)((s->output_width - 1) * s->stride + s->kernel) * 16;
}

void AT_LEVEL(depthwise)(PARAMETERS) {
  static void (*const kernels[3][2][3])(PARAMETERS) = {
      {{floats_3_1, bfloat16_3_1, rounded_3_1}, {floats_3_2, bfloat16_3_2, rounded_3_2}},
      {{floats_5_1, bfloat16_5_1, rounded_5_1}, {floats_5_2, bfloat16_5_2, rounded_5_2}},
      {{floats_7_1, bfloat16_7_1, rounded_7_1}, {floats_7_2, bfloat16_7_2, rounded_7_2}}};
  kernels[s->kernel / 2 - 1][s->stride - 1][s->kind](ARGUMENTS);
}
