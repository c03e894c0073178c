#include "Winograd.h"

#include "Vectors.h"

/// One tile, one block of channels: Bᵀ d B.
INLINE void scatter_tile(const siamese_winograd_shape *s, const uint16_t *block, int y, int x, size_t step, uint16_t *out) {
  vector d[4][4];
  if (y >= 0 && x >= 0 && y + 4 <= s->height && x + 4 <= s->width) {
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 4; j++) load(block, ((size_t)(y + i) * (size_t)s->width + (size_t)(x + j)) * 16, 1, &d[i][j]);
  } else {
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 4; j++) {
        int row = y + i, column = x + j;
        if (row < 0 || column < 0 || row >= s->height || column >= s->width) d[i][j] = (vector){0};
        else load(block, ((size_t)row * (size_t)s->width + (size_t)column) * 16, 1, &d[i][j]);
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
    for (int j = 0; j < 4; j++) store(out, (size_t)(4 * i + j) * step, 1, &f[j]);
  }
}

INLINE void scatter(
    const siamese_winograd_shape *s, const uint16_t *map, int first, int count, int rows, uint16_t *tiles) {
  int columns = (s->output_width + 1) / 2, per_picture = siamese_winograd_tiles(s, 2);
  size_t plane = (size_t)s->height * (size_t)s->width * 16, picture = plane * (size_t)(s->channels / 16);
  for (int t = 0; t < count; t++) {
    int tile = first + t, within = tile % per_picture;
    int y = within / columns * 2 - s->top, x = within % columns * 2 - s->left;
    const uint16_t *source = map + (size_t)(tile / per_picture) * picture;
    uint16_t *out = tiles + (size_t)t * 16;
    for (int c = 0; c < s->channels / 16; c++)
      scatter_tile(s, source + (size_t)c * plane, y, x, (size_t)rows * (size_t)s->channels, out + (size_t)c * (size_t)rows * 16);
  }
}

/// One tile, one block of filters: Aᵀ m A.
INLINE void gather_tile(
    const siamese_winograd_shape *s, const float *in, size_t step, const float *bias, int adds,
    const siamese_function *function, siamese_function_kind kind, uint16_t *block, int y, int x) {
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
    uint16_t *line = block + ((size_t)(y + i) * (size_t)s->output_width + (size_t)x) * 16;
    for (int j = 0; adds && j < 2 && x + j < s->output_width; j++) {
      vector there;
      load(line, (size_t)j * 16, 1, &there);
      out[j] += there;
    }
    apply(function, kind, out, 2, 1);
    for (int j = 0; j < 2 && x + j < s->output_width; j++) store(line, (size_t)j * 16, 1, &out[j]);
  }
}

INLINE void gather_kind(
    const siamese_winograd_shape *s, const float *products, int first, int count, int rows, const float *bias, int adds,
    const siamese_function *function, siamese_function_kind kind, uint16_t *map) {
  int columns = (s->output_width + 1) / 2, per_picture = siamese_winograd_tiles(s, 2);
  size_t plane = (size_t)s->output_height * (size_t)s->output_width * 16, picture = plane * (size_t)(s->filters / 16);
  for (int t = 0; t < count; t++) {
    int tile = first + t, within = tile % per_picture;
    uint16_t *target = map + (size_t)(tile / per_picture) * picture;
    const float *in = products + (size_t)t * 16;
    for (int k = 0; k < s->filters / 16; k++)
      gather_tile(s, in + (size_t)k * (size_t)rows * 16, (size_t)rows * (size_t)s->filters, bias ? bias + 16 * k : 0, adds, function, kind,
                  target + (size_t)k * plane, within / columns * 2, within % columns * 2);
  }
}

INLINE void gather(
    const siamese_winograd_shape *s, const float *products, int first, int count, int rows, const float *bias, int adds,
    const siamese_function *function, uint16_t *map) {
  if (function->kind == siamese_limited)
    gather_kind(s, products, first, count, rows, bias, adds, function, siamese_limited, map);
  else
    gather_kind(s, products, first, count, rows, bias, adds, function, function->kind, map);
}

WIDE static void scatter_wide(
    const siamese_winograd_shape *s, const uint16_t *map, int first, int count, int rows, uint16_t *tiles) {
  scatter(s, map, first, count, rows, tiles);
}
WIDE static void gather_wide(
    const siamese_winograd_shape *s, const float *products, int first, int count, int rows, const float *bias, int adds,
    const siamese_function *function, uint16_t *map) {
  gather(s, products, first, count, rows, bias, adds, function, map);
}

void siamese_winograd_halves(
    const siamese_winograd_shape *s, const uint16_t *map, const uint16_t *kernels, const float *bias, int adds,
    const siamese_function *function, int first, int count, int rows, void *scratch, uint16_t *output) {
  float *products = scratch;
  uint16_t *tiles = (uint16_t *)(products + 16 * (size_t)rows * (size_t)s->filters);
  for (int start = first; start < first + count; start += rows) {
    int size = start + rows < first + count ? rows : first + count - start;
    scatter_wide(s, map, start, size, rows, tiles);
    siamese_winograd_products(s, siamese_sums_of_halves, 16, rows, tiles, kernels, products);
    gather_wide(s, products, start, size, rows, bias, adds, function, output);
  }
}
