#include "../include/FirstConvolution.h"

#include "Products.h"

// The fewest pixels of a tile: rows, at least 13 pixels wide, are split evenly.
#if LEVEL == LEVEL_AVX512
enum { channels = 3, fewest = 7 };
#else
enum { channels = 3, fewest = 4 };
#endif

/// Where a tile's window and output begin, and how many elements lie between rows of the padded picture, blocks of the
/// output, and blocks of weights.
typedef struct {
  const char *rows, *weights;
  const float *bias;
  char *output;
  size_t row_width, output_block, weight_block;
} tile;

/// Computes `m` neighbouring pixels of `n` blocks of filters.
INLINE void multiply(const siamese_first_shape *s, const tile *t, int m, int n, int stride, int is_bfloat16,
    int makes_bfloat16) {
  const size_t size = is_bfloat16 ? 2 : 4;
  vector sums[pixels][2];
  begin(sums, m, n, t->bias);
  const char *weights = t->weights;
  size_t steps = (size_t)(s->window_width * channels + is_bfloat16) / (is_bfloat16 ? 2 : 1);
  for (int y = 0; y < s->window_height; y++) {
    const char *row = t->rows + (size_t)y * t->row_width * size;
    ROLLED for (size_t k = 0; k < steps; k++) {
      step(sums, m, n, is_bfloat16, weights, t->weight_block * size, row + 4 * k, channels * size * (size_t)stride);
      weights += 64;
    }
  }
  finish(s->function, 1, sums, m, n, t->output, t->output_block, makes_bfloat16);
}

typedef void kernel(const siamese_first_shape *, const tile *);
#define ONE(kind, n, stride, m, is_bfloat16, makes_bfloat16) \
  WIDE static void kind##_##n##_##stride##_##m(const siamese_first_shape *s, const tile *t) { \
    multiply(s, t, m, n, stride, is_bfloat16, makes_bfloat16); \
  }
#if LEVEL == LEVEL_AVX512
#define SIZES(kind, n, stride, h, o)                                                                                  \
  ONE(kind, n, stride, 7, h, o) ONE(kind, n, stride, 8, h, o) ONE(kind, n, stride, 9, h, o)                          \
  ONE(kind, n, stride, 10, h, o) ONE(kind, n, stride, 11, h, o) ONE(kind, n, stride, 12, h, o)                       \
  ONE(kind, n, stride, 13, h, o)                                                                                      \
  static kernel *const kind##_##n##_##stride[] = {                                                                   \
      kind##_##n##_##stride##_7, kind##_##n##_##stride##_8, kind##_##n##_##stride##_9, kind##_##n##_##stride##_10,   \
      kind##_##n##_##stride##_11, kind##_##n##_##stride##_12, kind##_##n##_##stride##_13};
SIZES(floats, 2, 1, 0, 0) SIZES(floats, 2, 2, 0, 0) SIZES(bfloat16, 2, 1, 1, 1) SIZES(bfloat16, 2, 2, 1, 1)
SIZES(sums, 2, 1, 1, 0) SIZES(sums, 2, 2, 1, 0)
#define KERNELS(kind) {{kind##_1_1, kind##_1_2}, {kind##_2_1, kind##_2_2}}
#else
#define SIZES(kind, n, stride, h, o)                                                                                  \
  ONE(kind, n, stride, 4, h, o) ONE(kind, n, stride, 5, h, o) ONE(kind, n, stride, 6, h, o)                          \
  static kernel *const kind##_##n##_##stride[] = {                                                                   \
      kind##_##n##_##stride##_4, kind##_##n##_##stride##_5, kind##_##n##_##stride##_6};
#define KERNELS(kind) {{kind##_1_1, kind##_1_2}}
#endif
SIZES(floats, 1, 1, 0, 0) SIZES(floats, 1, 2, 0, 0) SIZES(bfloat16, 1, 1, 1, 1) SIZES(bfloat16, 1, 2, 1, 1)
SIZES(sums, 1, 1, 1, 0) SIZES(sums, 1, 2, 1, 0)

int AT_LEVEL(first_row)(const siamese_first_shape *s) {
  int count = s->window_width * channels;
  return s->kind != siamese_floats ? (count + 1) / 2 * 2 : count;
}

/// Numbers in a row of the padded picture: as far as the last window reaches, and one more, which is read where windows
/// of bfloat16 are filled up to an even number.
static size_t padded_width(const siamese_first_shape *s) {
  return (size_t)((s->output_width - 1) * s->stride + s->window_width) * channels + 1;
}

size_t AT_LEVEL(first_scratch)(const siamese_first_shape *s, int rows) {
  return (size_t)((rows - 1) * s->stride + s->window_height) * padded_width(s) * 4;
}

/// Copies row `y` of the picture between zeros; rows outside it are all zeros.
WIDE static void fill_row(const siamese_first_shape *s, const float *picture, int y, char *row) {
  size_t size = s->kind == siamese_floats ? 4 : 2, total = padded_width(s), before = (size_t)(s->left * channels);
  memset(row, 0, total * size);
  if (y < 0 || y >= s->height || before >= total) return;
  size_t count = (size_t)(s->width * channels);
  if (count > total - 1 - before) count = total - 1 - before;
  const float *source = picture + (size_t)y * (size_t)(s->width * channels);
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
  static kernel *const *const kernels[3][tile_blocks][2] = {KERNELS(floats), KERNELS(bfloat16), KERNELS(sums)};
  size_t size = s->kind == siamese_floats ? 4 : 2, output_size = s->kind == siamese_bfloat16 ? 2 : 4;
  int blocks = (s->filters + 15) / 16, parts = (s->output_width + pixels - 1) / pixels;
  int narrow = s->output_width / parts, wider = s->output_width % parts;
  tile t = {
      .row_width = padded_width(s), .output_block = (size_t)s->output_height * (size_t)s->output_width * 16,
      .weight_block = weight_block};
  for (int y = 0; y < (rows - 1) * s->stride + s->window_height; y++)
    fill_row(s, picture, first * s->stride - s->top + y, (char *)scratch + (size_t)y * t.row_width * size);
  for (int y = 0; y < rows; y++)
    for (int block = 0; block < blocks; block += tile_blocks) {
      int n = tile_blocks == 2 && block + 1 < blocks ? 2 : 1;
      kernel *const *by_count = kernels[s->kind][n - 1][s->stride - 1];
      t.weights = (const char *)weights + (size_t)block * weight_block * size;
      t.bias = bias ? bias + 16 * block : 0;
      int x = 0;
      for (int part = 0; part < parts; part++) {
        int count = narrow + (part < wider);
        t.rows = (const char *)scratch
            + ((size_t)(y * s->stride) * t.row_width + (size_t)(x * s->stride) * channels) * size;
        size_t pixel = (size_t)((first + y) * s->output_width + x) * 16;
        t.output = (char *)output + ((size_t)block * t.output_block + pixel) * output_size;
        by_count[count - fewest](s, &t);
        x += count;
      }
    }
}
