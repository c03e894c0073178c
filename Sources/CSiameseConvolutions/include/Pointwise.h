#pragma once
#include <stddef.h>

#include "Function.h"

/// 1×1 convolution of maps in blocks of 16 channels: a product of matrices whose sums stay in registers.

/// The element types of the product.
typedef enum {
  /// Map, weights and output are floats.
  siamese_floats,
  /// Map, weights and output are bfloat16.
  siamese_bfloat16,
  /// Map and weights are bfloat16, the output floats. With stride 1 only in `siamese_pointwise`.
  siamese_floats_of_bfloat16,
  /// Map and weights are floats, the output bfloat16. With stride 1 only.
  siamese_bfloat16_of_floats
} siamese_product_kind;

/// A 1×1 convolution without zeros around the map.
typedef struct {
  siamese_product_kind kind;
  /// Of the map `[pictures][channels/16][height][width][16]`.
  int height, width, channels;
  /// Of the output `[pictures][filters/16][output_height][output_width][16]`. With stride 1 its height and width are
  /// the map's; with stride 2 all pixels `(2y, 2x)` must lie in the map.
  int output_height, output_width, filters;
  /// Pixels of the map from one output to the next, in both directions: 1 or 2.
  int stride;
  /// If not 0, what the output holds already is added before the function.
  int adds;
  /// Applied to each sum.
  siamese_function function;
} siamese_pointwise_shape;

/// Tiles in one picture: each is a stretch of up to 13 neighbouring pixels, how many depends on the level. Tiles of all
/// pictures are numbered in order: those of the first picture by rows and columns, then those of the second, and so on.
int siamese_pointwise_tiles(siamese_level level, const siamese_pointwise_shape *shape);

/// `output = function(weights · map + bias)`, or `function(weights · map + bias + output)` where `shape->adds`, at
/// tiles `first ..< first + count` of blocks of filters `first_block ..< first_block + block_count`. Either count may
/// be 0. All other pixels and blocks of the output stay as they are.
///
/// - `weights`: `[filters/16][channels'][16]`, in bfloat16 `[filters/16][channels'/2][16][2]`, where `channels'` is
///   `channels` rounded up to a multiple of 16, and the two numbers at the end belong to neighbouring channels.
/// - `bias`: `[filters/16][16]` floats, or null for zeros.
/// - `then`: where weights begin that are wanted after this call; they are fetched into the caches meanwhile. It is
///   never read otherwise, and must not be null; where nothing is wanted next, pass `weights`.
///
/// Padded lanes of the map, and weights of padded channels, may hold anything, with one exception: in bfloat16 with an
/// odd number of channels, the first padded lane must be finite, and its weights zero. Weights and biases of padded
/// filters reach only the output's padded lanes; where they are zero, those become `function(0)`, or `function(output)`
/// where `shape->adds`.
void siamese_pointwise(
    siamese_level level, const siamese_pointwise_shape *shape, const void *map, const void *weights, const float *bias,
    int first, int count, int first_block, int block_count, const void *then, void *output);

// What follows is seen only inside this target.

#if defined(SIAMESE_DISPATCH) || defined(SIAMESE_LEVEL)
#include "../Internal/Levels.h"

AT_EVERY_LEVEL(int, pointwise_tiles, (const siamese_pointwise_shape *shape));
AT_EVERY_LEVEL(
    void, pointwise,
    (const siamese_pointwise_shape *shape, const void *map, const void *weights, const float *bias, int first,
     int count, int first_block, int block_count, const void *then, void *output));
#endif

#ifdef SIAMESE_DISPATCH
#include "../Internal/Contracts.h"

/// Bytes of an element of a product's map and weights, and of its output.
static inline uintptr_t input_size(siamese_product_kind kind) {
  return kind == siamese_bfloat16 || kind == siamese_floats_of_bfloat16 ? 2 : 4;
}
static inline uintptr_t output_size(siamese_product_kind kind) {
  return kind == siamese_bfloat16 || kind == siamese_bfloat16_of_floats ? 2 : 4;
}

/// Blocks of 16 channels.
static inline int block_count_of(int channels) { return (channels + 15) / 16; }

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

int siamese_pointwise_tiles(siamese_level level, const siamese_pointwise_shape *shape) {
  SIAMESE_ASSERT(is_pointwise_shape(level, shape));
  return AT(level, pointwise_tiles)(shape);
}

void siamese_pointwise(
    siamese_level level, const siamese_pointwise_shape *shape, const void *map, const void *weights, const float *bias,
    int first, int count, int first_block, int block_count, const void *then, void *output) {
  SIAMESE_ASSERT(is_pointwise_shape(level, shape));
  SIAMESE_ASSERT(is_part(first, count, INT32_MAX));
  SIAMESE_ASSERT(is_part(first_block, block_count, block_count_of(shape->filters)));
  SIAMESE_ASSERT(is_array(map, input_size(shape->kind)) && is_array(weights, input_size(shape->kind)));
  SIAMESE_ASSERT(is_array_or_null(bias, 4) && then && is_array(output, output_size(shape->kind)));
  AT(level, pointwise)(
      shape, map, weights, bias, first, count, first_block, block_count, then, output);
}
#endif

#ifdef SIAMESE_LEVEL
#define SIAMESE_KERNEL pointwise
#include "../Internal/Products.h"

// Products of floats go through `pass_blocks` blocks of input channels at a time: their weights for two blocks of
// filters, 64 KB, stay in the second cache while they are used on `panel` tiles one after another, whose inputs stay
// there too. Between one such pass and the next, sums lie in the output, which only floats can hold exactly: the other
// kinds take all channels in one pass.
enum { pass_blocks = 32, panel = 32 };

/// Where a tile's input and output begin (`next` is the following tile's input), and how many elements lie between
/// blocks of 16 channels.
typedef struct {
  const char *map, *next, *weights;
  const float *bias;
  char *output;
  size_t map_block, output_block, weight_block;
  /// Blocks of input channels in this pass, and whether it is the first and the last over the tile's channels.
  int blocks, is_first, is_last;
  /// Steps through the last block's channels: one channel each, or two of bfloat16.
  size_t last_steps;
  /// Weights that are needed after these. The tiles of a panel share their prefetching: this one fetches these lines,
  /// of 64 bytes, of those that each block has.
  const char *ahead;
  size_t ahead_from, ahead_to;
} pointwise_tile;

/// `m` pixels of `n` blocks of filters, from elements of bfloat16 (`is_bfloat16`) or float, to such.
INLINE void multiply_pointwise(
    const siamese_pointwise_shape *s, const pointwise_tile *t, int m, int n, int stride, int is_bfloat16,
    int makes_bfloat16) {
  const size_t size = is_bfloat16 ? 2 : 4, output_size = makes_bfloat16 ? 2 : 4;
  vector sums[pixels][2];
  begin(sums, m, n, t->is_first ? t->bias : 0);
  if (!t->is_first || s->adds)
    UNROLLED for (int j = 0; j < n; j++)
      UNROLLED for (int i = 0; i < m; i++) {
        vector there;
        load(t->output, (size_t)j * t->output_block + 16 * (size_t)i, makes_bfloat16, &there);
        sums[i][j] += there;
      }
  // What the next tile adds to, or writes over.
  UNROLLED for (int j = 0; j < n; j++)
    UNROLLED for (size_t line = 0; line < (16 * output_size * (size_t)m + 63) / 64; line++)
      __builtin_prefetch(t->output + ((size_t)j * t->output_block + 16 * (size_t)m) * output_size + 64 * line, 1);
  const char *map = t->map, *weights = t->weights, *next = t->next, *ahead = t->ahead;
  for (int block = 0; block < t->blocks; block++) {
    UNROLLED for (size_t line = 0; line < (16 * size * (size_t)(stride * m) + 63) / 64;
                  line += (size_t)(is_bfloat16 ? 1 : stride))
      __builtin_prefetch(next + 64 * line);
    for (size_t line = t->ahead_from; line < t->ahead_to; line++)
      __builtin_prefetch(ahead + (line & 1) * t->weight_block * size + 64 * (line >> 1));
    size_t steps = block + 1 < t->blocks ? 4 * size : t->last_steps;
    ROLLED for (size_t k = 0; k < steps; k++)
      step(
          sums, m, n, is_bfloat16, weights + 64 * k, t->weight_block * size, map + 4 * k, 16 * size * (size_t)stride);
    map += t->map_block * size;
    next += t->map_block * size;
    weights += 256 * size;
    ahead += 256 * size;
  }
  finish(s->function, t->is_last, sums, m, n, t->output, t->output_block, makes_bfloat16);
}

typedef void pointwise_kernel(const siamese_pointwise_shape *, const pointwise_tile *);
#define ONE(kind, n, stride, m, is_bfloat16, makes_bfloat16) \
  WIDE static void kind##_##n##_##stride##_##m(const siamese_pointwise_shape *s, const pointwise_tile *t) { \
    multiply_pointwise(s, t, m, n, stride, is_bfloat16, makes_bfloat16); \
  }
#if SIAMESE_LEVEL == LEVEL_AVX512
#define SIZES(kind, n, stride, h, o)                                                                                  \
  ONE(kind, n, stride, 1, h, o) ONE(kind, n, stride, 2, h, o) ONE(kind, n, stride, 3, h, o)                           \
  ONE(kind, n, stride, 4, h, o) ONE(kind, n, stride, 5, h, o) ONE(kind, n, stride, 6, h, o)                           \
  ONE(kind, n, stride, 7, h, o) ONE(kind, n, stride, 8, h, o) ONE(kind, n, stride, 9, h, o)                           \
  ONE(kind, n, stride, 10, h, o) ONE(kind, n, stride, 11, h, o) ONE(kind, n, stride, 12, h, o)                        \
  ONE(kind, n, stride, 13, h, o)                                                                                      \
  static pointwise_kernel *const kind##_##n##_##stride[pixels] = {                                                    \
      kind##_##n##_##stride##_1, kind##_##n##_##stride##_2, kind##_##n##_##stride##_3, kind##_##n##_##stride##_4,     \
      kind##_##n##_##stride##_5, kind##_##n##_##stride##_6, kind##_##n##_##stride##_7, kind##_##n##_##stride##_8,     \
      kind##_##n##_##stride##_9, kind##_##n##_##stride##_10, kind##_##n##_##stride##_11, kind##_##n##_##stride##_12, \
      kind##_##n##_##stride##_13};
SIZES(pointwise_floats, 2, 1, 0, 0) SIZES(pointwise_floats, 2, 2, 0, 0)
SIZES(pointwise_bfloat16, 2, 1, 1, 1) SIZES(pointwise_bfloat16, 2, 2, 1, 1)
SIZES(pointwise_sums, 2, 1, 1, 0) SIZES(pointwise_rounded, 2, 1, 0, 1)
#define KERNELS(kind) {{kind##_1_1, kind##_1_2}, {kind##_2_1, kind##_2_2}}
#define KERNELS_OF_STRIDE_1(kind) {{kind##_1_1}, {kind##_2_1}}
#else
#define SIZES(kind, n, stride, h, o)                                                                                  \
  ONE(kind, n, stride, 1, h, o) ONE(kind, n, stride, 2, h, o) ONE(kind, n, stride, 3, h, o)                           \
  ONE(kind, n, stride, 4, h, o) ONE(kind, n, stride, 5, h, o) ONE(kind, n, stride, 6, h, o)                           \
  static pointwise_kernel *const kind##_##n##_##stride[pixels] = {                                                    \
      kind##_##n##_##stride##_1, kind##_##n##_##stride##_2, kind##_##n##_##stride##_3, kind##_##n##_##stride##_4,     \
      kind##_##n##_##stride##_5, kind##_##n##_##stride##_6};
#define KERNELS(kind) {{kind##_1_1, kind##_1_2}}
#define KERNELS_OF_STRIDE_1(kind) {{kind##_1_1}}
#endif
SIZES(pointwise_floats, 1, 1, 0, 0) SIZES(pointwise_floats, 1, 2, 0, 0)
SIZES(pointwise_bfloat16, 1, 1, 1, 1) SIZES(pointwise_bfloat16, 1, 2, 1, 1)
SIZES(pointwise_sums, 1, 1, 1, 0) SIZES(pointwise_rounded, 1, 1, 0, 1)

/// With stride 1 tiles need not end with a row: the map counts as a single long one.
static int row_count(const siamese_pointwise_shape *s) { return s->stride == 1 ? 1 : s->output_height; }
static int row_width(const siamese_pointwise_shape *s) {
  return s->stride == 1 ? s->output_height * s->output_width : s->output_width;
}

int AT_LEVEL(pointwise_tiles)(const siamese_pointwise_shape *s) {
  return row_count(s) * ((row_width(s) + pixels - 1) / pixels);
}

/// A tile: the picture, row and part of that it is.
typedef struct {
  int picture, row, part;
} tile_place;

/// The first input of the tile that begins at column `x` of `place`, in elements.
static size_t map_offset(const siamese_pointwise_shape *s, int blocks, tile_place place, int x) {
  return 16
      * ((size_t)(place.picture * blocks) * (size_t)s->height * (size_t)s->width
         + (size_t)(place.row * s->width + x) * (size_t)s->stride);
}

void AT_LEVEL(pointwise)(
    const siamese_pointwise_shape *s, const void *map, const void *weights, const float *bias, int first, int count,
    int first_block, int block_count, const void *then, void *output) {
  static pointwise_kernel *const *const kernels[4][tile_blocks][2] = {
      KERNELS(pointwise_floats), KERNELS(pointwise_bfloat16), KERNELS_OF_STRIDE_1(pointwise_sums),
      KERNELS_OF_STRIDE_1(pointwise_rounded)};
  int is_bfloat16 = s->kind == siamese_bfloat16 || s->kind == siamese_floats_of_bfloat16;
  int makes_bfloat16 = s->kind == siamese_bfloat16 || s->kind == siamese_bfloat16_of_floats;
  const size_t size = is_bfloat16 ? 2 : 4, output_size = makes_bfloat16 ? 2 : 4;
  int end = first + count, end_block = first_block + block_count, all_blocks = (s->channels + 15) / 16;
  int step = s->kind == siamese_floats ? pass_blocks : all_blocks, output_blocks = (s->filters + 15) / 16;
  int width = row_width(s), rows = row_count(s), parts = (width + pixels - 1) / pixels;
  // The first `wider` parts of a row have one pixel more than the rest.
  int narrow = width / parts, wider = width % parts;
  pointwise_tile t = {
      .map_block = (size_t)s->height * (size_t)s->width * 16,
      .output_block = (size_t)s->output_height * (size_t)s->output_width * 16,
      .weight_block = (size_t)all_blocks * 256};
  for (int start = first; start < end; start += panel) {
    int stop = start + panel < end ? start + panel : end;
    tile_place beginning = {start / (rows * parts), start / parts % rows, start % parts};
    for (int from = 0; from < all_blocks; from += step) {
      t.blocks = from + step < all_blocks ? step : all_blocks - from;
      t.is_first = from == 0;
      t.is_last = from + t.blocks == all_blocks;
      int last_channels = t.is_last ? s->channels - 16 * (all_blocks - 1) : 16;
      t.last_steps = (size_t)(is_bfloat16 ? (last_channels + 1) / 2 : last_channels);
      const char *source = (const char *)map + (size_t)from * t.map_block * size;
      for (int block = first_block; block < end_block; block += tile_blocks) {
        int n = tile_blocks == 2 && block + 1 < end_block ? 2 : 1;
        pointwise_kernel *const *by_count = kernels[s->kind][n - 1][s->stride - 1];
        t.weights = (const char *)weights + ((size_t)block * t.weight_block + (size_t)from * 256) * size;
        t.bias = bias ? bias + 16 * block : 0;
        // The next blocks, or the next channels of the first ones, or what comes after all of them.
        if (block + tile_blocks < end_block) t.ahead = t.weights + tile_blocks * t.weight_block * size;
        else if (t.is_last) t.ahead = then;
        else
          t.ahead = (const char *)weights + ((size_t)first_block * t.weight_block + (size_t)(from + step) * 256) * size;
        t.ahead_to = 0;
        tile_place next = beginning;
        for (int number = start; number < stop; number++) {
          tile_place here = next;
          if (number + 1 == stop) next = beginning;
          else if (++next.part == parts) {
            next.part = 0;
            if (++next.row == rows) next = (tile_place){.picture = here.picture + 1};
          }
          int x = here.part * narrow + (here.part < wider ? here.part : wider);
          int next_x = next.part * narrow + (next.part < wider ? next.part : wider);
          t.map = source + map_offset(s, all_blocks, here, x) * size;
          t.next = source + map_offset(s, all_blocks, next, next_x) * size;
          t.ahead_from = t.ahead_to;
          t.ahead_to = 8 * (unsigned)size * (unsigned)(number - start + 1) / (unsigned)(stop - start);
          size_t pixel = (size_t)(here.row * width + x) * 16;
          size_t output_plane = (size_t)(here.picture * output_blocks + block) * t.output_block;
          t.output = (char *)output + (output_plane + pixel) * output_size;
          by_count[narrow + (here.part < wider) - 1](s, &t);
        }
      }
    }
  }
}

#undef ONE
#undef SIZES
#undef KERNELS
#undef KERNELS_OF_STRIDE_1
#undef SIAMESE_KERNEL
#endif
