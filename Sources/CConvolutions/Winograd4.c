#include "Transforms.h"
#include "Vectors.h"

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
INLINE void scatter_tile(const siamese_winograd_shape *s, const float *block, int y, int x, size_t step, float *out) {
  vector columns[36];
  int inside = y >= 0 && x >= 0 && y + 6 <= s->height && x + 6 <= s->width;
  for (int j = 0; j < 6; j++) {
    vector d[6], t[6];
    for (int i = 0; i < 6; i++) {
      int row = y + i, column = x + j;
      if (inside || (row >= 0 && column >= 0 && row < s->height && column < s->width))
        d[i] = FLOATS(block + ((long)row * s->width + column) * 16);
      else d[i] = (vector){0};
    }
    spread(d, 1, t);
    for (int i = 0; i < 6; i++) columns[6 * i + j] = t[i];
  }
  for (int i = 0; i < 6; i++) {
    vector t[6];
    spread(columns + 6 * i, 1, t);
    for (int j = 0; j < 6; j++) *(unaligned_vector *)(out + (size_t)(6 * i + j) * step) = t[j];
  }
}

INLINE void scatter(const siamese_winograd_shape *s, const float *map, int first, int count, int rows, float *tiles) {
  int columns = (s->output_width + 3) / 4, per_picture = siamese_winograd_tiles(s);
  size_t plane = (size_t)s->height * (size_t)s->width * 16, picture = plane * (size_t)(s->channels / 16);
  for (int t = 0; t < count; t++) {
    int tile = first + t, within = tile % per_picture;
    const float *source = map + (size_t)(tile / per_picture) * picture;
    float *out = tiles + (size_t)t * 16;
    for (int c = 0; c < s->channels / 16; c++)
      scatter_tile(s, source + (size_t)c * plane, within / columns * 4 - s->top, within % columns * 4 - s->left,
                   (size_t)rows * (size_t)s->channels, out + (size_t)c * (size_t)rows * 16);
  }
}

/// One tile, one block of filters: Aᵀ m A.
INLINE void gather_tile(
    const siamese_winograd_shape *s, const float *in, size_t step, const float *bias, int adds,
    const siamese_function *function, siamese_function_kind kind, float *block, int y, int x) {
  vector columns[24];
  for (int j = 0; j < 6; j++) {
    vector m[6], t[4];
    for (int i = 0; i < 6; i++) m[i] = FLOATS(in + (size_t)(6 * i + j) * step);
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
    for (int j = 0; j < 4 && x + j < s->output_width; j++)
      *(unaligned_vector *)(line + 16 * j) = t[j];
  }
}

INLINE void gather(
    const siamese_winograd_shape *s, const float *products, int first, int count, int rows, int first_block, int block_count,
    const float *bias, int adds, const siamese_function *function, siamese_function_kind kind, float *map) {
  int columns = (s->output_width + 3) / 4, per_picture = siamese_winograd_tiles(s);
  size_t plane = (size_t)s->output_height * (size_t)s->output_width * 16, picture = plane * (size_t)(s->filters / 16);
  for (int t = 0; t < count; t++) {
    int tile = first + t, within = tile % per_picture;
    float *target = map + (size_t)(tile / per_picture) * picture;
    const float *in = products + (size_t)t * 16;
    for (int k = first_block; k < first_block + block_count; k++)
      gather_tile(s, in + (size_t)k * (size_t)rows * 16, (size_t)rows * (size_t)s->filters, bias ? bias + 16 * k : 0, adds, function, kind,
                  target + (size_t)k * plane, within / columns * 4, within % columns * 4);
  }
}

WIDE void siamese_scatter_4_floats(
    const siamese_winograd_shape *s, const void *map, int first, int count, int rows, void *tiles) {
  scatter(s, map, first, count, rows, tiles);
}

WIDE void siamese_gather_4_floats(
    const siamese_winograd_shape *s, const float *products, int first, int count, int rows, int first_block, int block_count,
    const float *bias, int adds, const siamese_function *function, void *map) {
  if (function->kind == siamese_limited)
    gather(s, products, first, count, rows, first_block, block_count, bias, adds, function, siamese_limited, map);
  else
    gather(s, products, first, count, rows, first_block, block_count, bias, adds, function, function->kind, map);
}
