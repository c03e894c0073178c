#include "CWinograd.h"

typedef float vector __attribute__((vector_size(64)));
typedef uint32_t words __attribute__((vector_size(64)));
typedef uint16_t halves __attribute__((vector_size(32)));
typedef float unaligned_vector __attribute__((vector_size(64), aligned(4)));
typedef uint16_t unaligned_halves __attribute__((vector_size(32), aligned(2)));

#define INLINE static inline __attribute__((always_inline))

INLINE void load(const uint16_t *from, vector *to) {
  words wide = __builtin_convertvector(*(const unaligned_halves *)from, words) << 16;
  *to = (vector)wide;
}

/// Rounds to the nearest, ties to even.
INLINE void store(uint16_t *to, const vector *from) {
  words bits = (words)*from;
  bits += 0x7FFF + ((bits >> 16) & 1);
  *(unaligned_halves *)to = __builtin_convertvector(bits >> 16, halves);
}

int siamese_winograd_tiles(const siamese_winograd_shape *s) {
  return ((s->output_height + 1) / 2) * ((s->output_width + 1) / 2);
}

/// One tile, one block of channels: Bᵀ d B.
INLINE void scatter_tile(const siamese_winograd_shape *s, const uint16_t *block, int y, int x, size_t step, uint16_t *out) {
  vector d[4][4];
  if (y >= 0 && x >= 0 && y + 4 <= s->height && x + 4 <= s->width) {
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 4; j++) load(block + ((size_t)(y + i) * (size_t)s->width + (size_t)(x + j)) * 16, &d[i][j]);
  } else {
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 4; j++) {
        int row = y + i, column = x + j;
        if (row < 0 || column < 0 || row >= s->height || column >= s->width) d[i][j] = (vector){0};
        else load(block + ((size_t)row * (size_t)s->width + (size_t)column) * 16, &d[i][j]);
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
    for (int j = 0; j < 4; j++) store(out + (size_t)(4 * i + j) * step, &f[j]);
  }
}

INLINE void scatter(
    const siamese_winograd_shape *s, const uint16_t *map, int first, int count, int rows, uint16_t *tiles) {
  int columns = (s->output_width + 1) / 2, per_picture = siamese_winograd_tiles(s);
  size_t plane = (size_t)s->height * (size_t)s->width * 16, picture = plane * (size_t)(s->channels / 16);
  for (int t = 0; t < count; t++) {
    int tile = first + t, within = tile % per_picture;
    int y = within / columns * 2 - s->top, x = within % columns * 2 - s->left;
    const uint16_t *source = map + (size_t)(tile / per_picture) * picture;
    uint16_t *out = tiles + (size_t)t * (size_t)s->channels;
    for (int c = 0; c < s->channels / 16; c++)
      scatter_tile(s, source + (size_t)c * plane, y, x, (size_t)rows * (size_t)s->channels, out + 16 * c);
  }
}

/// One tile, one block of filters: Aᵀ m A.
INLINE void gather_tile(
    const siamese_winograd_shape *s, const float *in, size_t step, const float *bias, int adds, float low, float high,
    uint16_t *block, int y, int x) {
  vector e[2][4];
  for (int j = 0; j < 4; j++) {
    vector m[4];
    for (int i = 0; i < 4; i++) m[i] = *(const unaligned_vector *)(in + (size_t)(4 * i + j) * step);
    e[0][j] = m[0] + m[1] + m[2];
    e[1][j] = m[1] - m[2] - m[3];
  }
  vector offset = bias ? *(const unaligned_vector *)bias : (vector){0};
  for (int i = 0; i < 2 && y + i < s->output_height; i++) {
    vector out[2] = {e[i][0] + e[i][1] + e[i][2] + offset, e[i][1] - e[i][2] - e[i][3] + offset};
    for (int j = 0; j < 2 && x + j < s->output_width; j++) {
      uint16_t *to = block + ((size_t)(y + i) * (size_t)s->output_width + (size_t)(x + j)) * 16;
      vector value = out[j];
      if (adds) {
        vector there;
        load(to, &there);
        value += there;
      }
      value = __builtin_elementwise_min(__builtin_elementwise_max(value, (vector){0} + low), (vector){0} + high);
      store(to, &value);
    }
  }
}

INLINE void gather(
    const siamese_winograd_shape *s, const float *products, int first, int count, int rows, const float *bias, int adds,
    float low, float high, uint16_t *map) {
  int columns = (s->output_width + 1) / 2, per_picture = siamese_winograd_tiles(s);
  size_t plane = (size_t)s->output_height * (size_t)s->output_width * 16, picture = plane * (size_t)(s->filters / 16);
  for (int t = 0; t < count; t++) {
    int tile = first + t, within = tile % per_picture;
    uint16_t *target = map + (size_t)(tile / per_picture) * picture;
    const float *in = products + (size_t)t * (size_t)s->filters;
    for (int k = 0; k < s->filters / 16; k++)
      gather_tile(s, in + 16 * k, (size_t)rows * (size_t)s->filters, bias ? bias + 16 * k : 0, adds, low, high,
                  target + (size_t)k * plane, within / columns * 2, within % columns * 2);
  }
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))) static void scatter_wide(
    const siamese_winograd_shape *s, const uint16_t *map, int first, int count, int rows, uint16_t *tiles) {
  scatter(s, map, first, count, rows, tiles);
}
__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))) static void gather_wide(
    const siamese_winograd_shape *s, const float *products, int first, int count, int rows, const float *bias, int adds,
    float low, float high, uint16_t *map) {
  gather(s, products, first, count, rows, bias, adds, low, high, map);
}
static int is_wide(void) { return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"); }
#endif

void siamese_winograd_scatter(
    const siamese_winograd_shape *s, const uint16_t *map, int first, int count, int rows, uint16_t *tiles) {
#if defined(__x86_64__)
  if (is_wide()) return scatter_wide(s, map, first, count, rows, tiles);
#endif
  scatter(s, map, first, count, rows, tiles);
}

void siamese_winograd_gather(
    const siamese_winograd_shape *s, const float *products, int first, int count, int rows, const float *bias, int adds,
    float low, float high, uint16_t *map) {
#if defined(__x86_64__)
  if (is_wide()) return gather_wide(s, products, first, count, rows, bias, adds, low, high, map);
#endif
  gather(s, products, first, count, rows, bias, adds, low, high, map);
}
