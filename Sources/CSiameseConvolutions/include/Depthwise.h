#pragma once
#include <stddef.h>

#include "Function.h"

/// Depthwise convolution of 16 channels at a time, with cheap functions before and after, and the mean of what comes
/// out.

/// The element types of map and output. Weights, bias and sums are floats.
typedef enum {
  /// Map and output are floats.
  siamese_depthwise_floats,
  /// Map and output are bfloat16.
  siamese_depthwise_bfloat16,
  /// The map is floats, the output bfloat16.
  siamese_depthwise_rounded
} siamese_depthwise_kind;

/// A depthwise convolution of `kernel`×`kernel` windows with equal strides.
typedef struct {
  /// Of the map and the output. Outputs may reach beyond the map: there it is zero.
  int height, width, output_height, output_width;
  /// Rows and columns of a window: 3, 5 or 7.
  int kernel;
  /// Pixels of the map from one window to the next: 1 or 2.
  int stride;
  /// Rows and columns of zeros before the map. After it come as many as the windows reach.
  int top, left;
  /// Elements from the 16 channels of one pixel to those of the next, of the map and of the output: 16 in maps of
  /// blocks, the count of channels in maps whose channels vary fastest.
  size_t pixel, output_pixel;
  siamese_depthwise_kind kind;
  /// Applied to the map as it is read (zeros around it stay zeros), and to each sum with its bias.
  siamese_function before, after;
} siamese_depthwise_shape;

/// Floats (not bytes) of working memory for `siamese_depthwise`.
size_t siamese_depthwise_scratch(siamese_level level, const siamese_depthwise_shape *shape);

/// Convolves 16 channels of one picture.
///
/// - `map`: the first pixel's 16 channels; the pixel in row y and column x lies `(y · width + x) · pixel` elements on.
/// - `weights`: `[kernel][kernel][16]` floats.
/// - `bias`: 16 floats, or null for zeros.
/// - `scratch`: `siamese_depthwise_scratch` floats; what they hold before does not matter.
/// - `output`: the first pixel's 16 channels; others as in `map`, with `output_width` and `output_pixel`. What lies
///   between them stays as it is.
/// - `average`: null, or room for 16 elements of the output's type, which get the means of the output over its pixels.
///
/// Each lane is computed from the same lane of `map`, `weights` and `bias` alone: padded lanes may hold anything, and
/// what is written to them follows from that.
void siamese_depthwise(
    siamese_level level, const siamese_depthwise_shape *shape, const void *map, const float *weights, const float *bias,
    float *scratch, void *output, void *average);

// What follows is seen only inside this target.

#if defined(SIAMESE_DISPATCH) || defined(SIAMESE_LEVEL)
#include "../Internal/Levels.h"

AT_EVERY_LEVEL(size_t, depthwise_scratch, (const siamese_depthwise_shape *shape));
AT_EVERY_LEVEL(
    void, depthwise,
    (const siamese_depthwise_shape *shape, const void *map, const float *weights, const float *bias, float *scratch,
     void *output, void *average));
#endif

#ifdef SIAMESE_DISPATCH
#include "../Internal/Contracts.h"

static inline int is_depthwise_shape(siamese_level level, const siamese_depthwise_shape *s) {
  return s && is_available(level, s->kind != siamese_depthwise_floats) && (unsigned)s->kind <= siamese_depthwise_rounded
      && s->height > 0 && s->width > 0 && s->output_height > 0 && s->output_width > 0
      && (s->kernel == 3 || s->kernel == 5 || s->kernel == 7) && (s->stride == 1 || s->stride == 2) && s->top >= 0
      && s->left >= 0 && s->pixel >= 16 && s->output_pixel >= 16 && is_function(s->before) && is_function(s->after);
}

size_t siamese_depthwise_scratch(siamese_level level, const siamese_depthwise_shape *shape) {
  SIAMESE_ASSERT(is_depthwise_shape(level, shape));
  return AT(level, depthwise_scratch)(shape);
}

void siamese_depthwise(
    siamese_level level, const siamese_depthwise_shape *shape, const void *map, const float *weights, const float *bias,
    float *scratch, void *output, void *average) {
  SIAMESE_ASSERT(is_depthwise_shape(level, shape));
  SIAMESE_ASSERT(is_array(map, shape->kind == siamese_depthwise_bfloat16 ? 2 : 4) && is_array(weights, 4));
  SIAMESE_ASSERT(is_array_or_null(bias, 4) && is_array(scratch, 4));
  SIAMESE_ASSERT(is_array(output, shape->kind == siamese_depthwise_floats ? 4 : 2));
  SIAMESE_ASSERT(is_array_or_null(average, shape->kind == siamese_depthwise_floats ? 4 : 2));
  AT(level, depthwise)(shape, map, weights, bias, scratch, output, average);
}
#endif

#ifdef SIAMESE_LEVEL
#include <string.h>

#define SIAMESE_KERNEL depthwise
#include "../Internal/Vectors.h"

// The most outputs that are summed at a time. 5×5 windows take 14 or 7, which divide most networks' widths: with fewer,
// each addition would wait for the one before it. For other windows compilers keep no more than 8 sums in registers.
enum { most_outputs = 14 };

/// One row of the input between its zeros, in floats, after the first activation.
INLINE void fill_map_row(
    const siamese_depthwise_shape *s, const void *map, int y, int width, int is_bfloat16, float *row) {
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
INLINE void sum_outputs(
    const siamese_depthwise_shape *s, const float *const *rows, int x, int k, int stride, int n, int is_bfloat16,
    const float *weights, vector bias, siamese_function after, void *to, size_t start, vector *total) {
  vector sums[most_outputs];
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
        fill_map_row(s, map, filled - s->top, width, reads_bfloat16, scratch + (size_t)(filled % k * width) * 16);
    for (int i = 0; i < k; i++) rows[i] = scratch + (size_t)((y * stride + i) % k * width) * 16;
    size_t start = (size_t)y * (size_t)s->output_width * s->output_pixel;
    int x = 0;
#define OUTPUTS(n)                                                                                                    \
  for (; x + n <= s->output_width; x += n)                                                                            \
    sum_outputs(s, rows, x, k, stride, n, is_bfloat16, weights, offset, after, output, start, &total);
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
#define KERNEL(k, stride)                                                                                             \
  WIDE static void depthwise_floats_##k##_##stride(PARAMETERS) { convolve(ARGUMENTS, k, stride, 0, 0); }              \
  WIDE static void depthwise_bfloat16_##k##_##stride(PARAMETERS) { convolve(ARGUMENTS, k, stride, 1, 1); }            \
  WIDE static void depthwise_rounded_##k##_##stride(PARAMETERS) { convolve(ARGUMENTS, k, stride, 0, 1); }

KERNEL(3, 1) KERNEL(3, 2) KERNEL(5, 1) KERNEL(5, 2) KERNEL(7, 1) KERNEL(7, 2)

size_t AT_LEVEL(depthwise_scratch)(const siamese_depthwise_shape *s) {
  return (size_t)s->kernel * (size_t)((s->output_width - 1) * s->stride + s->kernel) * 16;
}

void AT_LEVEL(depthwise)(PARAMETERS) {
  static void (*const kernels[3][2][3])(PARAMETERS) = {
      {{depthwise_floats_3_1, depthwise_bfloat16_3_1, depthwise_rounded_3_1},
       {depthwise_floats_3_2, depthwise_bfloat16_3_2, depthwise_rounded_3_2}},
      {{depthwise_floats_5_1, depthwise_bfloat16_5_1, depthwise_rounded_5_1},
       {depthwise_floats_5_2, depthwise_bfloat16_5_2, depthwise_rounded_5_2}},
      {{depthwise_floats_7_1, depthwise_bfloat16_7_1, depthwise_rounded_7_1},
       {depthwise_floats_7_2, depthwise_bfloat16_7_2, depthwise_rounded_7_2}}};
  kernels[s->kernel / 2 - 1][s->stride - 1][s->kind](ARGUMENTS);
}

#undef OUTPUTS
#undef PARAMETERS
#undef ARGUMENTS
#undef KERNEL
#undef SIAMESE_KERNEL
#endif
