#pragma once
#include "WinogradTransforms.h"

// The transforms of tiles of 2×2 outputs, of bfloat16.

/// One tile, one block of channels: Bᵀ d B.
INLINE void scatter_tile_2(const siamese_winograd_shape *s, const uint16_t *block, int y, int x, uint16_t *out,
    size_t matrix) {
  vector d[4][4];
  int inside = y >= 0 && x >= 0 && y + 4 <= s->height && x + 4 <= s->width;
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++) {
      int row = y + i, column = x + j;
      if (inside || (row >= 0 && column >= 0 && row < s->height && column < s->width))
        load(block, ((size_t)row * (size_t)s->width + (size_t)column) * 16, 1, &d[i][j]);
      else d[i][j] = (vector){0};
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
    for (int j = 0; j < 4; j++) store(out, (size_t)(4 * i + j) * matrix, 1, f[j]);
  }
}

WIDE void AT_LEVEL(scatter_2)(
    const siamese_winograd_shape *s, const void *map, int first, int count, void *tiles, size_t matrix, size_t block) {
  int columns = (s->output_width + 1) / 2, per_picture = AT_LEVEL(winograd_tiles)(s);
  size_t plane = (size_t)s->height * (size_t)s->width * 16, picture = plane * (size_t)(s->channels / 16);
  for (int t = 0; t < count; t++) {
    int tile = first + t, within = tile % per_picture;
    const uint16_t *source = (const uint16_t *)map + (size_t)(tile / per_picture) * picture;
    uint16_t *out = (uint16_t *)tiles + (size_t)t * 16;
    for (int c = 0; c < s->channels / 16; c++)
      scatter_tile_2(s, source + (size_t)c * plane, within / columns * 2 - s->top, within % columns * 2 - s->left,
                   out + (size_t)c * block, matrix);
  }
}

/// One tile, one block of filters: Aᵀ m A.
INLINE void gather_tile_2(
    const siamese_winograd_shape *s, const float *sums, size_t matrix, const float *bias, int adds,
    siamese_function function, siamese_function_kind kind, uint16_t *block, int y, int x) {
  vector e[2][4];
  for (int j = 0; j < 4; j++) {
    vector m[4];
    for (int i = 0; i < 4; i++) m[i] = FLOATS(sums + (size_t)(4 * i + j) * matrix);
    e[0][j] = m[0] + m[1] + m[2];
    e[1][j] = m[1] - m[2] - m[3];
  }
  vector offset = bias ? FLOATS(bias) : (vector){0};
  for (int i = 0; i < 2 && y + i < s->output_height; i++) {
    vector out[2] = {e[i][0] + e[i][1] + e[i][2] + offset, e[i][1] - e[i][2] - e[i][3] + offset};
    size_t line = ((size_t)(y + i) * (size_t)s->output_width + (size_t)x) * 16;
    for (int j = 0; adds && j < 2 && x + j < s->output_width; j++) {
      vector there;
      load(block, line + (size_t)j * 16, 1, &there);
      out[j] += there;
    }
    apply(function, kind, out, 2, 1);
    for (int j = 0; j < 2 && x + j < s->output_width; j++) store(block, line + (size_t)j * 16, 1, out[j]);
  }
}

INLINE void gather_tiles_2(
    const siamese_winograd_shape *s, const float *sums, size_t matrix, size_t block, int first, int count,
    int first_block, int block_count, const float *bias, int adds, siamese_function function,
    siamese_function_kind kind, uint16_t *map) {
  int columns = (s->output_width + 1) / 2, per_picture = AT_LEVEL(winograd_tiles)(s);
  size_t plane = (size_t)s->output_height * (size_t)s->output_width * 16, picture = plane * (size_t)(s->filters / 16);
  for (int t = 0; t < count; t++) {
    int tile = first + t, within = tile % per_picture;
    uint16_t *target = map + (size_t)(tile / per_picture) * picture;
    for (int k = 0; k < block_count; k++)
      gather_tile_2(s, sums + (size_t)k * block + (size_t)t * 16, matrix, bias ? bias + 16 * (first_block + k) : 0,
                  adds, function, kind, target + (size_t)(first_block + k) * plane, within / columns * 2,
                  within % columns * 2);
  }
}

WIDE void AT_LEVEL(gather_2)(
    const siamese_winograd_shape *s, const float *sums, size_t matrix, size_t block, int first, int count,
    int first_block, int block_count, const float *bias, int adds, const siamese_function *function, void *map) {
  if (function->kind == siamese_limited)
    gather_tiles_2(
        s, sums, matrix, block, first, count, first_block, block_count, bias, adds, *function, siamese_limited, map);
  else
    gather_tiles_2(
        s, sums, matrix, block, first, count, first_block, block_count, bias, adds, *function, function->kind, map);
}
