#pragma once
#include <stddef.h>

#include "Pointwise.h"

/// A network's first convolution: from pictures whose three channels vary fastest, as they are read from files, into
/// maps in blocks of 16 channels. Each row of a window is one stretch of memory.

/// A convolution of one or more pictures `[height][width][3]` of floats.
typedef struct {
  int height, width;
  /// Of the output `[filters/16][output_height][output_width][16]`, which is at least 13 wide.
  int output_height, output_width, filters;
  int window_height, window_width;
  /// Pixels from one window to the next, in both directions: 1 or 2.
  int stride;
  /// Rows and columns of zeros before the picture. After it come as many as the windows reach.
  int top, left;
  /// The types of products and output. With bfloat16 products, pictures are rounded to it first.
  /// `siamese_bfloat16_of_floats` is not among them.
  siamese_product_kind kind;
  /// Applied to each sum with its bias.
  siamese_function function;
} siamese_first_shape;

/// Numbers in each row of a window, `3 · window_width`, with products of bfloat16 rounded up to an even number.
int siamese_first_row(siamese_level level, const siamese_first_shape *shape);

/// Bytes of working memory for `siamese_first` with the same `rows`.
size_t siamese_first_scratch(siamese_level level, const siamese_first_shape *shape, int rows);

/// Rows `first ..< first + rows` of one picture's output: `function(weights · window + bias)`. `rows` is at least 1.
/// All other rows stay as they are.
///
/// - `picture`: `[height][width][3]` floats.
/// - `weights`: `[filters/16][window_height · row][16]` floats, or `[filters/16][window_height · row / 2][16][2]` in
///   bfloat16, where `row` is `siamese_first_row`, and the number that fills a row up is zero.
/// - `weight_block`: elements from the weights of 16 filters to those of the next 16.
/// - `bias`: `[filters/16][16]` floats, or null for zeros.
/// - `scratch`: `siamese_first_scratch` bytes, aligned for floats; what they hold before does not matter.
/// - `output`: `[filters/16][output_height][output_width][16]`, floats or bfloat16 as `kind` says.
///
/// Weights and biases of padded filters may hold anything: they reach only the output's padded lanes, which become
/// `function(0)` where they are zero.
void siamese_first(
    siamese_level level, const siamese_first_shape *shape, const float *picture, const void *weights,
    size_t weight_block, const float *bias, int first, int rows, void *scratch, void *output);

// What follows is seen only inside this target.

#if defined(SIAMESE_DISPATCH) || defined(SIAMESE_LEVEL)
#include "../Internal/Levels.h"

AT_EVERY_LEVEL(int, first_row, (const siamese_first_shape *shape));
AT_EVERY_LEVEL(size_t, first_scratch, (const siamese_first_shape *shape, int rows));
AT_EVERY_LEVEL(
    void, first,
    (const siamese_first_shape *shape, const float *picture, const void *weights, size_t weight_block,
     const float *bias, int first, int rows, void *scratch, void *output));
#endif

#ifdef SIAMESE_DISPATCH
#include "../Internal/Contracts.h"

static inline int is_first_shape(siamese_level level, const siamese_first_shape *s) {
  return s && is_available(level, s->kind != siamese_floats) && (unsigned)s->kind <= siamese_floats_of_bfloat16
      && s->height > 0 && s->width > 0 && s->output_height > 0 && s->output_width >= 13 && s->filters > 0
      && s->window_height > 0 && s->window_width > 0 && (s->stride == 1 || s->stride == 2) && s->top >= 0
          && s->left >= 0
      && is_function(s->function);
}

int siamese_first_row(siamese_level level, const siamese_first_shape *shape) {
  SIAMESE_ASSERT(is_first_shape(level, shape));
  return AT(level, first_row)(shape);
}

size_t siamese_first_scratch(siamese_level level, const siamese_first_shape *shape, int rows) {
  SIAMESE_ASSERT(is_first_shape(level, shape) && rows > 0);
  return AT(level, first_scratch)(shape, rows);
}

void siamese_first(
    siamese_level level, const siamese_first_shape *shape, const float *picture, const void *weights,
    size_t weight_block, const float *bias, int first, int rows, void *scratch, void *output) {
  SIAMESE_ASSERT(is_first_shape(level, shape));
  SIAMESE_ASSERT(is_part(first, rows, shape->output_height) && rows > 0);
  SIAMESE_ASSERT(weight_block >= (size_t)(shape->window_height * siamese_first_row(level, shape)) * 16);
  SIAMESE_ASSERT(is_array(picture, 4) && is_array(weights, input_size(shape->kind)));
  SIAMESE_ASSERT(is_array_or_null(bias, 4) && is_array(scratch, 4));
  SIAMESE_ASSERT(is_array(output, output_size(shape->kind)));
  AT(level, first)(shape, picture, weights, weight_block, bias, first, rows, scratch, output);
}
#endif

#ifdef SIAMESE_LEVEL
#define SIAMESE_KERNEL first
#include "../Internal/Products.h"

// The fewest pixels of a tile: rows, at least 13 pixels wide, are split evenly.
#if SIAMESE_LEVEL == LEVEL_AVX512
enum { picture_channels = 3, fewest = 7 };
#else
enum { picture_channels = 3, fewest = 4 };
#endif

/// Where a tile's window and output begin, and how many elements lie between rows of the padded picture, blocks of the
/// output, and blocks of weights.
typedef struct {
  const char *rows, *weights;
  const float *bias;
  char *output;
  size_t row_width, output_block, weight_block;
} first_tile;

/// Computes `m` neighbouring pixels of `n` blocks of filters.
INLINE void multiply_first(
    const siamese_first_shape *s, const first_tile *t, int m, int n, int stride, int is_bfloat16, int makes_bfloat16) {
  const size_t size = is_bfloat16 ? 2 : 4;
  vector sums[pixels][2];
  begin(sums, m, n, t->bias);
  const char *weights = t->weights;
  size_t steps = (size_t)(s->window_width * picture_channels + is_bfloat16) / (is_bfloat16 ? 2 : 1);
  for (int y = 0; y < s->window_height; y++) {
    const char *row = t->rows + (size_t)y * t->row_width * size;
    ROLLED for (size_t k = 0; k < steps; k++) {
      step(
          sums, m, n, is_bfloat16, weights, t->weight_block * size, row + 4 * k,
          picture_channels * size * (size_t)stride);
      weights += 64;
    }
  }
  finish(s->function, 1, sums, m, n, t->output, t->output_block, makes_bfloat16);
}

typedef void first_kernel(const siamese_first_shape *, const first_tile *);
#define ONE(kind, n, stride, m, is_bfloat16, makes_bfloat16) \
  WIDE static void kind##_##n##_##stride##_##m(const siamese_first_shape *s, const first_tile *t) { \
    multiply_first(s, t, m, n, stride, is_bfloat16, makes_bfloat16); \
  }
#if SIAMESE_LEVEL == LEVEL_AVX512
#define SIZES(kind, n, stride, h, o)                                                                                  \
  ONE(kind, n, stride, 7, h, o) ONE(kind, n, stride, 8, h, o) ONE(kind, n, stride, 9, h, o)                           \
  ONE(kind, n, stride, 10, h, o) ONE(kind, n, stride, 11, h, o) ONE(kind, n, stride, 12, h, o)                        \
  ONE(kind, n, stride, 13, h, o)                                                                                      \
  static first_kernel *const kind##_##n##_##stride[] = {                                                              \
      kind##_##n##_##stride##_7, kind##_##n##_##stride##_8, kind##_##n##_##stride##_9, kind##_##n##_##stride##_10,    \
      kind##_##n##_##stride##_11, kind##_##n##_##stride##_12, kind##_##n##_##stride##_13};
SIZES(first_floats, 2, 1, 0, 0) SIZES(first_floats, 2, 2, 0, 0)
SIZES(first_bfloat16, 2, 1, 1, 1) SIZES(first_bfloat16, 2, 2, 1, 1)
SIZES(first_sums, 2, 1, 1, 0) SIZES(first_sums, 2, 2, 1, 0)
#define KERNELS(kind) {{kind##_1_1, kind##_1_2}, {kind##_2_1, kind##_2_2}}
#else
#define SIZES(kind, n, stride, h, o)                                                                                  \
  ONE(kind, n, stride, 4, h, o) ONE(kind, n, stride, 5, h, o) ONE(kind, n, stride, 6, h, o)                           \
  static first_kernel *const kind##_##n##_##stride[] = {                                                              \
      kind##_##n##_##stride##_4, kind##_##n##_##stride##_5, kind##_##n##_##stride##_6};
#define KERNELS(kind) {{kind##_1_1, kind##_1_2}}
#endif
SIZES(first_floats, 1, 1, 0, 0) SIZES(first_floats, 1, 2, 0, 0)
SIZES(first_bfloat16, 1, 1, 1, 1) SIZES(first_bfloat16, 1, 2, 1, 1)
SIZES(first_sums, 1, 1, 1, 0) SIZES(first_sums, 1, 2, 1, 0)

int AT_LEVEL(first_row)(const siamese_first_shape *s) {
  int count = s->window_width * picture_channels;
  return s->kind != siamese_floats ? (count + 1) / 2 * 2 : count;
}

/// Numbers in a row of the padded picture: as far as the last window reaches, and one more, which is read where windows
/// of bfloat16 are filled up to an even number.
static size_t padded_width(const siamese_first_shape *s) {
  return (size_t)((s->output_width - 1) * s->stride + s->window_width) * picture_channels + 1;
}

size_t AT_LEVEL(first_scratch)(const siamese_first_shape *s, int rows) {
  return (size_t)((rows - 1) * s->stride + s->window_height) * padded_width(s) * 4;
}

/// Copies row `y` of the picture between zeros; rows outside it are all zeros.
WIDE static void fill_picture_row(const siamese_first_shape *s, const float *picture, int y, char *row) {
  size_t size = s->kind == siamese_floats ? 4 : 2, total = padded_width(s);
  size_t before = (size_t)(s->left * picture_channels);
  memset(row, 0, total * size);
  if (y < 0 || y >= s->height || before >= total) return;
  size_t count = (size_t)(s->width * picture_channels);
  if (count > total - 1 - before) count = total - 1 - before;
  const float *source = picture + (size_t)y * (size_t)(s->width * picture_channels);
  if (s->kind == siamese_floats) {
    memcpy(row + 4 * before, source, count * 4);
    return;
  }
  size_t x = 0;
  for (; x + 16 <= count; x += 16) store(row, before + x, 1, FLOATS(source + x));
  for (; x < count; x++) {
    uint32_t bits;
    memcpy(&bits, source + x, 4);
    uint16_t rounded = (uint16_t)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    memcpy(row + 2 * (before + x), &rounded, 2);
  }
}

void AT_LEVEL(first)(
    const siamese_first_shape *s, const float *picture, const void *weights, size_t weight_block, const float *bias,
    int first, int rows, void *scratch, void *output) {
  static first_kernel *const *const kernels[3][tile_blocks][2] = {
      KERNELS(first_floats), KERNELS(first_bfloat16), KERNELS(first_sums)};
  size_t size = s->kind == siamese_floats ? 4 : 2, output_size = s->kind == siamese_bfloat16 ? 2 : 4;
  int blocks = (s->filters + 15) / 16, parts = (s->output_width + pixels - 1) / pixels;
  int narrow = s->output_width / parts, wider = s->output_width % parts;
  first_tile t = {
      .row_width = padded_width(s), .output_block = (size_t)s->output_height * (size_t)s->output_width * 16,
      .weight_block = weight_block};
  for (int y = 0; y < (rows - 1) * s->stride + s->window_height; y++)
    fill_picture_row(s, picture, first * s->stride - s->top + y, (char *)scratch + (size_t)y * t.row_width * size);
  for (int y = 0; y < rows; y++)
    for (int block = 0; block < blocks; block += tile_blocks) {
      int n = tile_blocks == 2 && block + 1 < blocks ? 2 : 1;
      first_kernel *const *by_count = kernels[s->kind][n - 1][s->stride - 1];
      t.weights = (const char *)weights + (size_t)block * weight_block * size;
      t.bias = bias ? bias + 16 * block : 0;
      int x = 0;
      for (int part = 0; part < parts; part++) {
        int count = narrow + (part < wider);
        t.rows = (const char *)scratch
            + ((size_t)(y * s->stride) * t.row_width + (size_t)(x * s->stride) * picture_channels) * size;
        size_t pixel = (size_t)((first + y) * s->output_width + x) * 16;
        t.output = (char *)output + ((size_t)block * t.output_block + pixel) * output_size;
        by_count[count - fewest](s, &t);
        x += count;
      }
    }
}

#undef ONE
#undef SIZES
#undef KERNELS
#undef SIAMESE_KERNEL
#endif
