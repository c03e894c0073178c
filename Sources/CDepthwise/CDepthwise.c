#include "CDepthwise.h"
#include <string.h>

typedef float vector __attribute__((vector_size(64)));
typedef uint32_t words __attribute__((vector_size(64)));
typedef uint16_t halves __attribute__((vector_size(32)));
typedef float unaligned_vector __attribute__((vector_size(64), aligned(4)));
typedef uint16_t unaligned_halves __attribute__((vector_size(32), aligned(2)));

#define INLINE static inline __attribute__((always_inline))

/// Sixteen elements, `offset` elements from the start.
INLINE void load(const void *from, size_t offset, int is_half, vector *to) {
  if (is_half) {
    words wide = __builtin_convertvector(*(const unaligned_halves *)((const uint16_t *)from + offset), words) << 16;
    *to = (vector)wide;
  } else {
    *to = *(const unaligned_vector *)((const float *)from + offset);
  }
}

/// To bfloat16, rounds to the nearest, ties to even.
INLINE void store(void *to, size_t offset, int is_half, const vector *from) {
  if (is_half) {
    words bits = (words)*from;
    bits += 0x7FFF + ((bits >> 16) & 1);
    *(unaligned_halves *)((uint16_t *)to + offset) = __builtin_convertvector(bits >> 16, halves);
  } else {
    *(unaligned_vector *)((float *)to + offset) = *from;
  }
}

/// x / (1 + e^-x). e^-x = 2^n 2^f with |f| <= 1/2; 2^f is a polynomial good to float's precision, or, for what becomes a
/// bfloat16, to 2^-12.
INLINE void silu(vector *values, int count, int is_half) {
  for (int i = 0; i < count; i++) {
    vector x = values[i];
    vector t = __builtin_elementwise_min(__builtin_elementwise_max(x * -1.44269504f, (vector){0} - 125), (vector){0} + 125);
    // Adding 1.5 * 2^23 rounds to the nearest whole number and leaves it in the low bits.
    vector shifted = t + 12582912.0f;
    vector f = t - (shifted - 12582912.0f);
    vector p;
    if (is_half) {
      p = f * 0.0558266f + 0.2401397f;
      p = p * f + 0.6931472f;
      p = p * f + 1.0f;
    } else {
      p = f * 1.5403530e-4f + 1.3333558e-3f;
      p = p * f + 9.6181291e-3f;
      p = p * f + 5.5504109e-2f;
      p = p * f + 2.4022651e-1f;
      p = p * f + 6.9314718e-1f;
      p = p * f + 1.0f;
    }
    vector power = (vector)((words)p + ((words)shifted << 23));
    values[i] = x / (power + 1.0f);
  }
}

INLINE void apply(const siamese_function *f, vector *values, int count, int is_half) {
  if (f->kind == siamese_silu) {
    silu(values, count, is_half);
  } else if (f->kind == siamese_hard_silu) {
    for (int i = 0; i < count; i++) {
      vector gate = values[i] * (1.0f / 6) + 0.5f;
      values[i] *= __builtin_elementwise_min(__builtin_elementwise_max(gate, (vector){0}), (vector){0} + 1);
    }
  } else {
    for (int i = 0; i < count; i++)
      values[i] = __builtin_elementwise_min(__builtin_elementwise_max(values[i], (vector){0} + f->low), (vector){0} + f->high);
  }
}

/// One row of the input between its zeros, in floats, after the first activation.
INLINE void fill_row(const siamese_depthwise_shape *s, const void *map, int y, int width, int is_half, float *row) {
  memset(row, 0, (size_t)width * 64);
  if (y < 0 || y >= s->height) return;
  int count = s->width < width - s->left ? s->width : width - s->left;
  size_t start = (size_t)y * (size_t)s->width * s->pixel;
  float *out = row + 16 * s->left;
  int x = 0;
  for (; x + 4 <= count; x += 4) {
    vector values[4];
    for (int i = 0; i < 4; i++) load(map, start + (size_t)(x + i) * s->pixel, is_half, &values[i]);
    apply(&s->before, values, 4, is_half);
    for (int i = 0; i < 4; i++) store(out, (size_t)(x + i) * 16, 0, &values[i]);
  }
  for (; x < count; x++) {
    vector value;
    load(map, start + (size_t)x * s->pixel, is_half, &value);
    apply(&s->before, &value, 1, is_half);
    store(out, (size_t)x * 16, 0, &value);
  }
}

/// `n` neighbouring outputs.
INLINE void outputs(
    const siamese_depthwise_shape *s, const float *const *rows, int x, int k, int stride, int n, int is_half,
    const float *weights, const vector *bias, void *to, size_t start, vector *total) {
  vector sums[8];
  for (int i = 0; i < n; i++) sums[i] = *bias;
  for (int ky = 0; ky < k; ky++) {
    const float *row = rows[ky] + 16 * x * stride;
    for (int kx = 0; kx < k; kx++) {
      vector w = *(const unaligned_vector *)(weights + 16 * (ky * k + kx));
      for (int i = 0; i < n; i++) sums[i] += w * *(const unaligned_vector *)(row + 16 * (i * stride + kx));
    }
  }
  apply(&s->after, sums, n, is_half);
  for (int i = 0; i < n; i++) {
    *total += sums[i];
    store(to, start + (size_t)(x + i) * s->output_pixel, is_half, &sums[i]);
  }
}

INLINE void convolve(
    const siamese_depthwise_shape *s, const void *map, const float *weights, const float *bias, float *scratch, void *output,
    void *average, int k, int stride, int is_half) {
  int width = (s->output_width - 1) * stride + k;
  vector offset = bias ? *(const unaligned_vector *)bias : (vector){0}, total = {0};
  // The k rows that the window covers, each where its number leaves off.
  int filled = 0;
  for (int y = 0; y < s->output_height; y++) {
    const float *rows[7];
    for (; filled < y * stride + k; filled++)
      if (filled >= y * stride) fill_row(s, map, filled - s->top, width, is_half, scratch + (size_t)(filled % k * width) * 16);
    for (int i = 0; i < k; i++) rows[i] = scratch + (size_t)((y * stride + i) % k * width) * 16;
    size_t start = (size_t)y * (size_t)s->output_width * s->output_pixel;
    int x = 0;
    for (; x + 8 <= s->output_width; x += 8) outputs(s, rows, x, k, stride, 8, is_half, weights, &offset, output, start, &total);
    for (; x + 4 <= s->output_width; x += 4) outputs(s, rows, x, k, stride, 4, is_half, weights, &offset, output, start, &total);
    for (; x + 2 <= s->output_width; x += 2) outputs(s, rows, x, k, stride, 2, is_half, weights, &offset, output, start, &total);
    for (; x < s->output_width; x++) outputs(s, rows, x, k, stride, 1, is_half, weights, &offset, output, start, &total);
  }
  if (average) {
    total *= 1 / ((float)s->output_height * (float)s->output_width);
    store(average, 0, is_half, &total);
  }
}

#if defined(__x86_64__)
#define WIDE __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma")))
#else
#define WIDE
#endif

#define PARAMETERS \
  const siamese_depthwise_shape *s, const void *map, const float *weights, const float *bias, float *scratch, void *output, \
      void *average
#define ARGUMENTS s, map, weights, bias, scratch, output, average
#define KERNEL(k, stride)                                                                                              \
  WIDE static void wide_##k##_##stride(PARAMETERS) { convolve(ARGUMENTS, k, stride, 0); }                            \
  WIDE static void wide_half_##k##_##stride(PARAMETERS) { convolve(ARGUMENTS, k, stride, 1); }

KERNEL(3, 1) KERNEL(3, 2) KERNEL(5, 1) KERNEL(5, 2) KERNEL(7, 1) KERNEL(7, 2)

/// For processors without the wide registers: the same loops, whatever their numbers.
static void narrow(PARAMETERS) { convolve(ARGUMENTS, s->kernel, s->stride, s->is_half); }

int siamese_depthwise_is_fast(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#else
  return 0;
#endif
}

size_t siamese_depthwise_scratch(const siamese_depthwise_shape *s) {
  return (size_t)s->kernel * (size_t)((s->output_width - 1) * s->stride + s->kernel) * 16;
}

void siamese_depthwise(PARAMETERS) {
  static void (*const kernels[3][2][2])(PARAMETERS) = {
      {{wide_3_1, wide_half_3_1}, {wide_3_2, wide_half_3_2}},
      {{wide_5_1, wide_half_5_1}, {wide_5_2, wide_half_5_2}},
      {{wide_7_1, wide_half_7_1}, {wide_7_2, wide_half_7_2}}};
  if (siamese_depthwise_is_fast()) kernels[s->kernel / 2 - 1][s->stride - 1][s->is_half != 0](ARGUMENTS);
  else narrow(ARGUMENTS);
}
