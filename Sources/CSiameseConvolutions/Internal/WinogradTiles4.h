#pragma once
#include "WinogradTransforms.h"

// The transforms of tiles of 4×4 outputs, of floats.

/// Bᵀ times a column of six, `step` apart.
INLINE void spread(const vector *d, int step, vector *t) {
  vector a = d[4 * step] - 4 * d[2 * step], b = d[3 * step] - 4 * d[step];
  vector c = d[4 * step] - d[2 * step], e = 2 * (d[3 * step] - d[step]);
  t[0] = 4 * d[0] - 5 * d[2 * step] + d[4 * step];
  t[1] = a + b;
  t[2] = a - b;
  t[3] = c + e;
  t[4] = c - e;
  t[5] = 4 * d[step] - 5 * d[3 * step] + d[5 * step];
}

/// Aᵀ times a column of six, `step` apart.
INLINE void collect(const vector *m, int step, vector *y) {
  vector a = m[step] + m[2 * step], b = m[step] - m[2 * step];
  vector c = m[3 * step] + m[4 * step], d = m[3 * step] - m[4 * step];
  y[0] = m[0] + a + c;
  y[1] = b + 2 * d;
  y[2] = a + 4 * c;
  y[3] = b + 8 * d + m[5 * step];
}

/// One tile, one block of channels: Bᵀ d B.
INLINE void scatter_tile_4(
    const siamese_winograd_shape *s, const float *block, int y, int x, float *out, size_t matrix) {
  vector columns[36];
  int inside = y >= 0 && x >= 0 && y + 6 <= s->height && x + 6 <= s->width;
  for (int j = 0; j < 6; j++) {
    vector d[6], t[6];
    for (int i = 0; i < 6; i++) {
      int row = y + i, column = x + j;
      if (inside || (row >= 0 && column >= 0 && row < s->height && column < s->width))
        d[i] = FLOATS(block + ((size_t)row * (size_t)s->width + (size_t)column) * 16);
      else d[i] = (vector){0};
    }
    spread(d, 1, t);
    for (int i = 0; i < 6; i++) columns[6 * i + j] = t[i];
  }
  for (int i = 0; i < 6; i++) {
    vector t[6];
    spread(columns + 6 * i, 1, t);
    for (int j = 0; j < 6; j++) store(out, (size_t)(6 * i + j) * matrix, 0, t[j]);
  }
}

WIDE void AT_LEVEL(scatter_4)(
    const siamese_winograd_shape *s, const void *map, int first, int count, void *tiles, size_t matrix, size_t block) {
  int columns = (s->output_width + 3) / 4, per_picture = AT_LEVEL(winograd_tiles)(s);
  size_t plane = (size_t)s->height * (size_t)s->width * 16, picture = plane * (size_t)(s->channels / 16);
  for (int t = 0; t < count; t++) {
    int tile = first + t, within = tile % per_picture;
    const float *source = (const float *)map + (size_t)(tile / per_picture) * picture;
    float *out = (float *)tiles + (size_t)t * 16;
    for (int c = 0; c < s->channels / 16; c++)
      scatter_tile_4(s, source + (size_t)c * plane, within / columns * 4 - s->top, within % columns * 4 - s->left,
                   out + (size_t)c * block, matrix);
  }
}

/// One tile, one block of filters: Aᵀ m A.
INLINE void gather_tile_4(
    const siamese_winograd_shape *s, const float *sums, size_t matrix, const float *bias, int adds,
    siamese_function function, siamese_function_kind kind, float *block, int y, int x) {
  vector columns[24];
  for (int j = 0; j < 6; j++) {
    vector m[6], t[4];
    for (int i = 0; i < 6; i++) m[i] = FLOATS(sums + (size_t)(6 * i + j) * matrix);
    collect(m, 1, t);
    for (int i = 0; i < 4; i++) columns[6 * i + j] = t[i];
  }
  vector offset = bias ? FLOATS(bias) : (vector){0};
  for (int i = 0; i < 4 && y + i < s->output_height; i++) {
    vector t[4];
    collect(columns + 6 * i, 1, t);
    float *line = block + ((size_t)(y + i) * (size_t)s->output_width + (size_t)x) * 16;
    for (int j = 0; j < 4; j++) {
      t[j] += offset;
      if (adds && x + j < s->output_width) t[j] += FLOATS(line + 16 * j);
    }
    apply(function, kind, t, 4, 0);
    for (int j = 0; j < 4 && x + j < s->output_width; j++) store(line, (size_t)(16 * j), 0, t[j]);
  }
}

INLINE void gather_tiles_4(
    const siamese_winograd_shape *s, const float *sums, size_t matrix, size_t block, int first, int count,
    int first_block, int block_count, const float *bias, int adds, siamese_function function,
    siamese_function_kind kind, float *map) {
  int columns = (s->output_width + 3) / 4, per_picture = AT_LEVEL(winograd_tiles)(s);
  size_t plane = (size_t)s->output_height * (size_t)s->output_width * 16, picture = plane * (size_t)(s->filters / 16);
  for (int t = 0; t < count; t++) {
    int tile = first + t, within = tile % per_picture;
    float *target = map + (size_t)(tile / per_picture) * picture;
    for (int k = 0; k < block_count; k++)
      gather_tile_4(s, sums + (size_t)k * block + (size_t)t * 16, matrix, bias ? bias + 16 * (first_block + k) : 0,
                  adds, function, kind, target + (size_t)(first_block + k) * plane, within / columns * 4,
                  within % columns * 4);
  }
}

WIDE void AT_LEVEL(gather_4)(
    const siamese_winograd_shape *s, const float *sums, size_t matrix, size_t block, int first, int count,
    int first_block, int block_count, const float *bias, int adds, const siamese_function *function, void *map) {
  if (function->kind == siamese_limited)
    gather_tiles_4(
        s, sums, matrix, block, first, count, first_block, block_count, bias, adds, *function, siamese_limited, map);
  else
    gather_tiles_4(
        s, sums, matrix, block, first, count, first_block, block_count, bias, adds, *function, function->kind, map);
}
