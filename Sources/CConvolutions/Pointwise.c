#include "Pointwise.h"

#include "Vectors.h"

// Pixels of a tile at most: with two blocks of filters, their sums fill 26 of 32 registers.
enum { pixels = 13 };
// Blocks of input channels whose weights, for two blocks of filters, are used on many tiles one after another (64 KB), and
// tiles whose inputs stay near meanwhile.
enum { depth = 32, panel = 32 };

#define UNROLLED _Pragma("clang loop unroll(full)")

/// Where a tile's input and output begin, and what lies between pixels and blocks of 16 channels, in floats.
typedef struct {
  const float *map, *next, *weights, *bias;
  float *output;
  size_t map_block, output_block, weight_block;
  int blocks, is_first, is_last;
  /// Weights that are needed after these, and which of each 32 lines of them this tile fetches.
  const float *ahead;
  int ahead_from, ahead_to;
} tile;

/// `m` pixels of `n` blocks of filters.
INLINE void multiply(const siamese_pointwise_shape *s, const tile *t, int m, int n, int stride) {
  vector sums[pixels][2];
  UNROLLED for (int j = 0; j < n; j++) {
    vector offset = t->is_first && t->bias ? FLOATS(t->bias + 16 * j) : (vector){0};
    UNROLLED for (int i = 0; i < m; i++) sums[i][j] = offset;
  }
  if (!t->is_first || s->adds)
    UNROLLED for (int j = 0; j < n; j++)
      UNROLLED for (int i = 0; i < m; i++) sums[i][j] += FLOATS(t->output + (size_t)j * t->output_block + 16 * i);
  // What the next tile adds to, or writes over.
  UNROLLED for (int j = 0; j < n; j++)
    UNROLLED for (int i = 0; i < m; i++) __builtin_prefetch(t->output + (size_t)j * t->output_block + 16 * (i + m), 1);
  const float *map = t->map, *weights = t->weights, *next = t->next, *ahead = t->ahead;
  for (int block = 0; block < t->blocks; block++) {
    UNROLLED for (int i = 0; i < m; i++) __builtin_prefetch(next + 16 * stride * i);
    for (int line = t->ahead_from; line < t->ahead_to; line++)
      __builtin_prefetch(ahead + (line & 1) * t->weight_block + 16 * (line >> 1));
#pragma clang loop unroll(disable)
    for (int k = 0; k < 16; k++) {
      vector w[2];
      UNROLLED for (int j = 0; j < n; j++) w[j] = FLOATS(weights + (size_t)j * t->weight_block + 16 * k);
      UNROLLED for (int i = 0; i < m; i++) {
        float x = map[16 * stride * i + k];
        UNROLLED for (int j = 0; j < n; j++) sums[i][j] += x * w[j];
      }
    }
    map += t->map_block;
    next += t->map_block;
    weights += 256;
    ahead += 256;
  }
  int limits = t->is_last && s->function.kind == siamese_limited;
  float low = limits ? s->function.low : -__builtin_inff(), high = limits ? s->function.high : __builtin_inff();
  UNROLLED for (int j = 0; j < n; j++)
    UNROLLED for (int i = 0; i < m; i++)
      *(unaligned_vector *)(t->output + (size_t)j * t->output_block + 16 * i) =
          __builtin_elementwise_min(__builtin_elementwise_max(sums[i][j], (vector){0} + low), (vector){0} + high);
  if (!t->is_last || limits) return;
  for (int j = 0; j < n; j++) {
    float *out = t->output + (size_t)j * t->output_block;
    for (int i = 0; i < m; i++) {
      vector value = FLOATS(out + 16 * i);
      apply(&s->function, s->function.kind, &value, 1, 0);
      *(unaligned_vector *)(out + 16 * i) = value;
    }
  }
}

#define KERNELS(m)                                                                                                    \
  WIDE static void wide_1_1_##m(const siamese_pointwise_shape *s, const tile *t) { multiply(s, t, m, 1, 1); }        \
  WIDE static void wide_1_2_##m(const siamese_pointwise_shape *s, const tile *t) { multiply(s, t, m, 1, 2); }        \
  WIDE static void wide_2_1_##m(const siamese_pointwise_shape *s, const tile *t) { multiply(s, t, m, 2, 1); }        \
  WIDE static void wide_2_2_##m(const siamese_pointwise_shape *s, const tile *t) { multiply(s, t, m, 2, 2); }
KERNELS(1) KERNELS(2) KERNELS(3) KERNELS(4) KERNELS(5) KERNELS(6) KERNELS(7) KERNELS(8) KERNELS(9) KERNELS(10) KERNELS(11)
KERNELS(12) KERNELS(13)

#define NAMES(n, stride)                                                                                              \
  {                                                                                                                   \
    wide_##n##_##stride##_1, wide_##n##_##stride##_2, wide_##n##_##stride##_3, wide_##n##_##stride##_4,             \
        wide_##n##_##stride##_5, wide_##n##_##stride##_6, wide_##n##_##stride##_7, wide_##n##_##stride##_8,         \
        wide_##n##_##stride##_9, wide_##n##_##stride##_10, wide_##n##_##stride##_11, wide_##n##_##stride##_12,      \
        wide_##n##_##stride##_13                                                                                      \
  }

/// A map as rows: with stride 1 it is a single one.
static int row_count(const siamese_pointwise_shape *s) { return s->stride == 1 ? 1 : s->output_height; }
static int row_width(const siamese_pointwise_shape *s) {
  return s->stride == 1 ? s->output_height * s->output_width : s->output_width;
}

int siamese_pointwise_tiles(const siamese_pointwise_shape *s) {
  return row_count(s) * ((row_width(s) + pixels - 1) / pixels);
}

/// Where a tile lies, in floats from the start of its block, and how many pixels it has.
typedef struct {
  size_t map, output;
  int count;
} place;

static place place_of(const siamese_pointwise_shape *s, int number) {
  int width = row_width(s), per_row = (width + pixels - 1) / pixels, per_picture = per_row * row_count(s);
  int picture = number / per_picture, within = number % per_picture, row = within / per_row, part = within % per_row;
  int x = width * part / per_row;
  size_t plane = (size_t)s->height * (size_t)s->width, output_plane = (size_t)s->output_height * (size_t)s->output_width;
  return (place){
      .map = 16 * ((size_t)(picture * s->blocks) * plane + (size_t)(row * s->width + x) * (size_t)s->stride),
      .output = 16 * ((size_t)(picture * s->output_blocks) * output_plane + (size_t)(row * width + x)),
      .count = width * (part + 1) / per_row - x};
}

void siamese_pointwise(
    const siamese_pointwise_shape *s, const float *map, const float *weights, const float *bias, int first, int count,
    int first_block, int block_count, float *output) {
  static void (*const kernels[2][2][pixels])(const siamese_pointwise_shape *, const tile *) = {
      {NAMES(1, 1), NAMES(1, 2)}, {NAMES(2, 1), NAMES(2, 2)}};
  int end = first + count, end_block = first_block + block_count;
  tile t = {
      .map_block = (size_t)s->height * (size_t)s->width * 16,
      .output_block = (size_t)s->output_height * (size_t)s->output_width * 16,
      .weight_block = (size_t)s->blocks * 256};
  for (int start = first; start < end; start += panel) {
    int stop = start + panel < end ? start + panel : end;
    for (int from = 0; from < s->blocks; from += depth) {
      t.blocks = from + depth < s->blocks ? depth : s->blocks - from;
      t.is_first = from == 0;
      t.is_last = from + t.blocks == s->blocks;
      const float *source = map + (size_t)from * t.map_block;
      for (int block = first_block; block < end_block; block += 2) {
        int n = block + 1 < end_block ? 2 : 1;
        t.weights = weights + (size_t)block * t.weight_block + (size_t)from * 256;
        t.bias = bias ? bias + 16 * block : 0;
        // Two more blocks, or the next channels of the first ones, or what lies behind all of them.
        t.ahead = block + 2 < end_block || t.is_last
            ? t.weights + 2 * t.weight_block
            : weights + (size_t)first_block * t.weight_block + (size_t)(from + depth) * 256;
        place next = place_of(s, start);
        for (int number = start; number < stop; number++) {
          place here = next;
          next = place_of(s, number + 1 < stop ? number + 1 : start);
          t.map = source + here.map;
          t.next = source + next.map;
          t.ahead_from = 32 * (number - start) / (stop - start);
          t.ahead_to = 32 * (number - start + 1) / (stop - start);
          t.output = output + (size_t)block * t.output_block + here.output;
          kernels[n - 1][s->stride - 1][here.count - 1](s, &t);
        }
      }
    }
  }
}
