#include "../include/Pointwise.h"

#include "Products.h"

// Products of floats go through `depth` blocks of input channels at a time: their weights for two blocks of filters, 64
// KB, stay in the second cache while they are used on `panel` tiles one after another, whose inputs stay there too.
// Between one such pass and the next, sums lie in the output, which only floats can hold exactly: the other kinds take
// all channels in one pass.
enum { depth = 32, panel = 32 };

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
} tile;

/// `m` pixels of `n` blocks of filters, from elements of bfloat16 (`is_bfloat16`) or float, to such.
INLINE void multiply(
    const siamese_pointwise_shape *s, const tile *t, int m, int n, int stride, int is_bfloat16, int makes_bfloat16) {
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
      step(sums, m, n, is_bfloat16, weights + 64 * k, t->weight_block * size, map + 4 * k, 16 * size * (size_t)stride);
    map += t->map_block * size;
    next += t->map_block * size;
    weights += 256 * size;
    ahead += 256 * size;
  }
  finish(s->function, t->is_last, sums, m, n, t->output, t->output_block, makes_bfloat16);
}

typedef void kernel(const siamese_pointwise_shape *, const tile *);
#define ONE(kind, n, stride, m, is_bfloat16, makes_bfloat16) \
  WIDE static void kind##_##n##_##stride##_##m(const siamese_pointwise_shape *s, const tile *t) { \
    multiply(s, t, m, n, stride, is_bfloat16, makes_bfloat16); \
  }
#if LEVEL == LEVEL_AVX512
#define SIZES(kind, n, stride, h, o)                                                                                  \
  ONE(kind, n, stride, 1, h, o) ONE(kind, n, stride, 2, h, o) ONE(kind, n, stride, 3, h, o)                          \
  ONE(kind, n, stride, 4, h, o) ONE(kind, n, stride, 5, h, o) ONE(kind, n, stride, 6, h, o)                          \
  ONE(kind, n, stride, 7, h, o) ONE(kind, n, stride, 8, h, o) ONE(kind, n, stride, 9, h, o)                          \
  ONE(kind, n, stride, 10, h, o) ONE(kind, n, stride, 11, h, o) ONE(kind, n, stride, 12, h, o)                       \
  ONE(kind, n, stride, 13, h, o)                                                                                      \
  static kernel *const kind##_##n##_##stride[pixels] = {                                                             \
      kind##_##n##_##stride##_1, kind##_##n##_##stride##_2, kind##_##n##_##stride##_3, kind##_##n##_##stride##_4,    \
      kind##_##n##_##stride##_5, kind##_##n##_##stride##_6, kind##_##n##_##stride##_7, kind##_##n##_##stride##_8,    \
      kind##_##n##_##stride##_9, kind##_##n##_##stride##_10, kind##_##n##_##stride##_11, kind##_##n##_##stride##_12, \
      kind##_##n##_##stride##_13};
SIZES(floats, 2, 1, 0, 0) SIZES(floats, 2, 2, 0, 0) SIZES(bfloat16, 2, 1, 1, 1) SIZES(bfloat16, 2, 2, 1, 1)
SIZES(sums, 2, 1, 1, 0) SIZES(rounded, 2, 1, 0, 1)
#define KERNELS(kind) {{kind##_1_1, kind##_1_2}, {kind##_2_1, kind##_2_2}}
#define KERNELS_OF_STRIDE_1(kind) {{kind##_1_1}, {kind##_2_1}}
#else
#define SIZES(kind, n, stride, h, o)                                                                                  \
  ONE(kind, n, stride, 1, h, o) ONE(kind, n, stride, 2, h, o) ONE(kind, n, stride, 3, h, o)                          \
  ONE(kind, n, stride, 4, h, o) ONE(kind, n, stride, 5, h, o) ONE(kind, n, stride, 6, h, o)                          \
  static kernel *const kind##_##n##_##stride[pixels] = {                                                             \
      kind##_##n##_##stride##_1, kind##_##n##_##stride##_2, kind##_##n##_##stride##_3, kind##_##n##_##stride##_4,    \
      kind##_##n##_##stride##_5, kind##_##n##_##stride##_6};
#define KERNELS(kind) {{kind##_1_1, kind##_1_2}}
#define KERNELS_OF_STRIDE_1(kind) {{kind##_1_1}}
#endif
SIZES(floats, 1, 1, 0, 0) SIZES(floats, 1, 2, 0, 0) SIZES(bfloat16, 1, 1, 1, 1) SIZES(bfloat16, 1, 2, 1, 1)
SIZES(sums, 1, 1, 1, 0) SIZES(rounded, 1, 1, 0, 1)

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
} place;

/// The first input of the tile that begins at column `x` of `place`, in elements.
static size_t map_offset(const siamese_pointwise_shape *s, int blocks, place place, int x) {
  return 16
      * ((size_t)(place.picture * blocks) * (size_t)s->height * (size_t)s->width
         + (size_t)(place.row * s->width + x) * (size_t)s->stride);
}

void AT_LEVEL(pointwise)(
    const siamese_pointwise_shape *s, const void *map, const void *weights, const float *bias, int first, int count,
    int first_block, int block_count, const void *then, void *output) {
  static kernel *const *const kernels[4][tile_blocks][2] = {
      KERNELS(floats), KERNELS(bfloat16), KERNELS_OF_STRIDE_1(sums), KERNELS_OF_STRIDE_1(rounded)};
  int is_bfloat16 = s->kind == siamese_bfloat16 || s->kind == siamese_floats_of_bfloat16;
  int makes_bfloat16 = s->kind == siamese_bfloat16 || s->kind == siamese_bfloat16_of_floats;
  const size_t size = is_bfloat16 ? 2 : 4, output_size = makes_bfloat16 ? 2 : 4;
  int end = first + count, end_block = first_block + block_count, all_blocks = (s->channels + 15) / 16;
  int step = s->kind == siamese_floats ? depth : all_blocks, output_blocks = (s->filters + 15) / 16;
  int width = row_width(s), rows = row_count(s), parts = (width + pixels - 1) / pixels;
  // The first `wider` parts of a row have one pixel more than the rest.
  int narrow = width / parts, wider = width % parts;
  tile t = {
      .map_block = (size_t)s->height * (size_t)s->width * 16,
      .output_block = (size_t)s->output_height * (size_t)s->output_width * 16,
      .weight_block = (size_t)all_blocks * 256};
  for (int start = first; start < end; start += panel) {
    int stop = start + panel < end ? start + panel : end;
    place beginning = {start / (rows * parts), start / parts % rows, start % parts};
    for (int from = 0; from < all_blocks; from += step) {
      t.blocks = from + step < all_blocks ? step : all_blocks - from;
      t.is_first = from == 0;
      t.is_last = from + t.blocks == all_blocks;
      int last_channels = t.is_last ? s->channels - 16 * (all_blocks - 1) : 16;
      t.last_steps = (size_t)(is_bfloat16 ? (last_channels + 1) / 2 : last_channels);
      const char *source = (const char *)map + (size_t)from * t.map_block * size;
      for (int block = first_block; block < end_block; block += tile_blocks) {
        int n = tile_blocks == 2 && block + 1 < end_block ? 2 : 1;
        kernel *const *by_count = kernels[s->kind][n - 1][s->stride - 1];
        t.weights = (const char *)weights + ((size_t)block * t.weight_block + (size_t)from * 256) * size;
        t.bias = bias ? bias + 16 * block : 0;
        // The next blocks, or the next channels of the first ones, or what comes after all of them.
        if (block + tile_blocks < end_block) t.ahead = t.weights + tile_blocks * t.weight_block * size;
        else if (t.is_last) t.ahead = then;
        else
          t.ahead = (const char *)weights + ((size_t)first_block * t.weight_block + (size_t)(from + step) * 256) * size;
        t.ahead_to = 0;
        place next = beginning;
        for (int number = start; number < stop; number++) {
          place here = next;
          if (number + 1 == stop) next = beginning;
          else if (++next.part == parts) {
            next.part = 0;
            if (++next.row == rows) next = (place){.picture = here.picture + 1};
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
