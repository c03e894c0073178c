#include "Transforms.h"

#include "Vectors.h"

/// One tile, one block of channels: Bᵀ d B.
INLINE void scatter_tile(
    const siamese_winograd_shape *s, const void *block, int y, int x, size_t step, void *out, size_t start, int is_half) {
  vector d[4][4];
  if (y >= 0 && x >= 0 && y + 4 <= s->height && x + 4 <= s->width) {
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 4; j++) load(block, ((size_t)(y + i) * (size_t)s->width + (size_t)(x + j)) * 16, is_half, &d[i][j]);
  } else {
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 4; j++) {
        int row = y + i, column = x + j;
        if (row < 0 || column < 0 || row >= s->height || column >= s->width) d[i][j] = (vector){0};
        else load(block, ((size_t)row * (size_t)s->width + (size_t)column) * 16, is_half, &d[i][j]);
      }
  }
  vector e[4][4];
  for (int j = 0; j < 4; j++) {
    e[0][j] = d[0][j] - d[2][j];
    e[1][j] = d[1][j] + d[2][j];
    e[2][j] = d[2][j] - d[1][j];
    e[3][j] = d[1][j] - d[3][j];
  }
  for (int i = 0; i < 4; i++) {
    vector f[4] = {e[i][0] - e[i][2], e[i][1] + e[i][2], e[i][2] - e[i][1], e[i][1] - e[i][3]};
    for (int j = 0; j < 4; j++) store(out, start + (size_t)(4 * i + j) * step, is_half, &f[j]);
  }
}

INLINE void scatter(
    const siamese_winograd_shape *s, const void *map, int first, int count, int rows, void *tiles, int is_half) {
  int columns = (s->output_width + 1) / 2, per_picture = siamese_winograd_tiles(s), size = is_half ? 2 : 4;
  size_t plane = (size_t)s->height * (size_t)s->width * 16, picture = plane * (size_t)(s->channels / 16);
  for (int t = 0; t < count; t++) {
    int tile = first + t, within = tile % per_picture;
    int y = within / columns * 2 - s->top, x = within % columns * 2 - s->left;
    for (int c = 0; c < s->channels / 16; c++) {
      size_t block = (size_t)(tile / per_picture) * picture + (size_t)c * plane;
      scatter_tile(s, (const char *)map + block * (size_t)size, y, x, (size_t)rows * (size_t)s->channels, tiles,
                   ((size_t)c * (size_t)rows + (size_t)t) * 16, is_half);
    }
  }
}

/// One tile, one block of filters: Aᵀ m A.
INLINE void gather_tile(
    const siamese_winograd_shape *s, const float *in, size_t step, const float *bias, int adds,
    const siamese_function *function, siamese_function_kind kind, void *block, int y, int x, int is_half) {
  vector e[2][4];
  for (int j = 0; j < 4; j++) {
    vector m[4];
    for (int i = 0; i < 4; i++) m[i] = FLOATS(in + (size_t)(4 * i + j) * step);
    e[0][j] = m[0] + m[1] + m[2];
    e[1][j] = m[1] - m[2] - m[3];
  }
  vector offset = bias ? FLOATS(bias) : (vector){0};
  for (int i = 0; i < 2 && y + i < s->output_height; i++) {
    vector out[2] = {e[i][0] + e[i][1] + e[i][2] + offset, e[i][1] - e[i][2] - e[i][3] + offset};
    size_t line = ((size_t)(y + i) * (size_t)s->output_width + (size_t)x) * 16;
    for (int j = 0; adds && j < 2 && x + j < s->output_width; j++) {
      vector there;
      load(block, line + (size_t)j * 16, is_half, &there);
      out[j] += there;
    }
    apply(function, kind, out, 2, is_half);
    for (int j = 0; j < 2 && x + j < s->output_width; j++) store(block, line + (size_t)j * 16, is_half, &out[j]);
  }
}

INLINE void gather(
    const siamese_winograd_shape *s, const float *products, int first, int count, int rows, int first_block, int block_count,
    const float *bias, int adds, const siamese_function *function, siamese_function_kind kind, void *map, int is_half) {
  int columns = (s->output_width + 1) / 2, per_picture = siamese_winograd_tiles(s), size = is_half ? 2 : 4;
  size_t plane = (size_t)s->output_height * (size_t)s->output_width * 16, picture = plane * (size_t)(s->filters / 16);
  for (int t = 0; t < count; t++) {
    int tile = first + t, within = tile % per_picture;
    for (int k = first_block; k < first_block + block_count; k++) {
      size_t block = (size_t)(tile / per_picture) * picture + (size_t)k * plane;
      gather_tile(s, products + ((size_t)k * (size_t)rows + (size_t)t) * 16, (size_t)rows * (size_t)s->filters,
                  bias ? bias + 16 * k : 0, adds, function, kind, (char *)map + block * (size_t)size, within / columns * 2,
                  within % columns * 2, is_half);
    }
  }
}

#define SCATTER(name, is_half)                                                                                        \
  WIDE void name(const siamese_winograd_shape *s, const void *map, int first, int count, int rows, void *tiles) {    \
    scatter(s, map, first, count, rows, tiles, is_half);                                                              \
  }
#define GATHER(name, is_half)                                                                                         \
  WIDE void name(                                                                                                     \
      const siamese_winograd_shape *s, const float *products, int first, int count, int rows, int first_block,       \
      int block_count, const float *bias, int adds, const siamese_function *function, void *map) {                   \
    if (function->kind == siamese_limited)                                                                            \
      gather(s, products, first, count, rows, first_block, block_count, bias, adds, function, siamese_limited, map,  \
             is_half);                                                                                                \
    else                                                                                                              \
      gather(s, products, first, count, rows, first_block, block_count, bias, adds, function, function->kind, map,   \
             is_half);                                                                                                \
  }
SCATTER(siamese_scatter_2_floats, 0) SCATTER(siamese_scatter_2_halves, 1)
GATHER(siamese_gather_2_floats, 0) GATHER(siamese_gather_2_halves, 1)
