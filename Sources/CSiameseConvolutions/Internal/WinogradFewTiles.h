#pragma once
#include "WinogradTransforms.h"

// Where tiles are few, reading transformed kernels, four times as large as kernels, takes longer than the products.
// Here kernels are transformed as they come: their columns once, their rows where they are multiplied.

// Rows and columns of a tile; the most tiles whose sums, for six matrices, stay in registers; and channels at a time.
enum { side = 6, most_tiles = 4, piece_channels = 16 };

/// The common factors of G's rows: sums are multiplied by them once, in the end, instead of each kernel.
static const float factors[side] = {1.0f / 4, -1.0f / 6, -1.0f / 6, 1.0f / 24, 1.0f / 24, 1};

/// G times a column of three, without the factors.
INLINE void expand(vector first, vector second, vector third, vector *t) {
  vector a = first + third, b = first + 4 * third;
  t[0] = first;
  t[1] = a + second;
  t[2] = a - second;
  t[3] = b + 2 * second;
  t[4] = b - 2 * second;
  t[5] = third;
}

/// Transforms the columns of kernels `[depth][3][3][16]`, to `[depth][6][3][16]`.
WIDE static void expand_columns(const float *kernels, float *columns) {
  for (int k = 0; k < piece_channels; k++) {
    UNROLLED for (int x = 0; x < 3; x++) {
      vector t[side];
      expand(FLOATS(kernels + 16 * x), FLOATS(kernels + 16 * (3 + x)), FLOATS(kernels + 16 * (6 + x)), t);
      UNROLLED for (int i = 0; i < side; i++) store(columns, (size_t)(16 * (3 * i + x)), 0, t[i]);
    }
    kernels += 16 * 9;
    columns += 16 * 3 * side;
  }
}

/// One block of filters and `piece_channels` channels: the kernels' transformed columns, and the kernels, from `ahead`
/// to `end`, to fetch meanwhile.
typedef struct {
  const float *columns, *ahead, *end;
  int is_first, is_last;
} piece;

/// Adds the products of `m` tiles to their sums, both in 36 matrices `[tiles][16]`.
INLINE void multiply_piece(const piece *p, const float *tiles, size_t matrix, float *sums, int m) {
  const float *ahead = p->ahead;
  for (int i = 0; i < side; i++) {
    vector s[side][most_tiles];
    UNROLLED for (int j = 0; j < side; j++)
      UNROLLED for (int t = 0; t < m; t++)
        s[j][t] = p->is_first ? (vector){0} : FLOATS(sums + (size_t)j * matrix + 16 * t);
    ROLLED for (int k = 0; k < piece_channels; k++) {
      if (ahead < p->end) {
        __builtin_prefetch(ahead);
        __builtin_prefetch(ahead + 16);
        ahead += 32;
      }
      const float *column = p->columns + 16 * 3 * (side * k + i);
      vector w[side];
      expand(FLOATS(column), FLOATS(column + 16), FLOATS(column + 32), w);
      UNROLLED for (int j = 0; j < side; j++)
        UNROLLED for (int t = 0; t < m; t++) s[j][t] += tiles[(size_t)j * matrix + (size_t)(16 * t + k)] * w[j];
    }
    UNROLLED for (int j = 0; j < side; j++)
      UNROLLED for (int t = 0; t < m; t++) {
        if (p->is_last) s[j][t] *= factors[i] * factors[j];
        store(sums, (size_t)j * matrix + (size_t)(16 * t), 0, s[j][t]);
      }
    tiles += side * matrix;
    sums += side * matrix;
  }
}

typedef void piece_kernel(const piece *, const float *, size_t, float *);
#define KERNEL(m)                                                                                                     \
  WIDE static void multiply_piece_##m(const piece *p, const float *tiles, size_t matrix, float *sums) {               \
    multiply_piece(p, tiles, matrix, sums, m);                                                                        \
  }
KERNEL(1) KERNEL(2) KERNEL(3) KERNEL(4)

size_t AT_LEVEL(winograd_few_tiles_scratch)(const siamese_winograd_shape *s, int count) {
  return 4 * 16 * side * (3 * piece_channels + side * (size_t)count * (size_t)(1 + s->channels / 16));
}

void AT_LEVEL(winograd_few_tiles)(
    const siamese_winograd_shape *s, const float *map, const float *kernels, const float *bias, int adds,
    const siamese_function *function, int count, int first_block, int block_count, float *scratch, float *output) {
  static piece_kernel *const by_count[most_tiles] = {
      multiply_piece_1, multiply_piece_2, multiply_piece_3, multiply_piece_4};
  size_t matrix = (size_t)count * 16, all = side * side * matrix, kernel = 16 * 9 * piece_channels;
  float *columns = scratch, *sums = columns + 16 * 3 * side * piece_channels, *tiles = sums + all;
  int parts = (count + most_tiles - 1) / most_tiles, blocks = s->channels / 16;
  AT_LEVEL(scatter_4)(s, map, 0, count, tiles, matrix, all);
  const float *here = kernels + (size_t)(first_block * blocks) * kernel;
  const float *end = here + (size_t)(block_count * blocks) * kernel;
  for (int block = first_block; block < first_block + block_count; block++) {
    for (int c = 0; c < blocks; c++) {
      expand_columns(here, columns);
      here += kernel;
      piece p = {.columns = columns, .ahead = here, .end = here < end ? here + kernel : here, .is_first = c == 0,
                 .is_last = c + 1 == blocks};
      for (int part = 0; part < parts; part++) {
        int first = count * part / parts, m = count * (part + 1) / parts - first;
        by_count[m - 1](&p, tiles + (size_t)c * all + 16 * first, matrix, sums + 16 * first);
        p.ahead = p.end;
      }
    }
    AT_LEVEL(gather_4)(s, sums, matrix, 0, 0, count, block, 1, bias, adds, function, output);
  }
}

#undef KERNEL
