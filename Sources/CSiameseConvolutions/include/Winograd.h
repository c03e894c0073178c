#pragma once
#include <stddef.h>

#include "Function.h"

/// Winograd's F(2×2, 3×3) and F(4×4, 3×3) (Lavin and Gray, arXiv 1509.09308) on maps in blocks of 16 channels, for processors
/// with wide registers.

/// A 3×3 convolution of stride 1: `height`×`width` maps in, `output_height`×`output_width` out, `top` and `left` rows
/// and columns of zeros before the input. `channels` and `filters` are multiples of 16: blocks are filled up with zeros.
typedef struct {
  int height, width, channels;
  int output_height, output_width, filters;
  int top, left;
  /// Whether maps and kernels are bfloat16, in tiles of 2×2 outputs, rather than float, in tiles of 4×4.
  int is_bfloat16;
} siamese_winograd_shape;

/// Tiles in one picture.
int siamese_winograd_tiles(siamese_level level, const siamese_winograd_shape *shape);

/// Bytes that one convolution works in, `rows` tiles at a time.
size_t siamese_winograd_scratch(siamese_level level, const siamese_winograd_shape *shape, int rows);

/// `function(sum + bias)` at tiles `first ..< first + count` (counted over pictures, then rows, then columns), `rows` at a
/// time, of `block_count` blocks of 16 filters from `first_block` on; with `adds` nonzero, what the output holds is added
/// before that. `bias` may be null. `kernels` are transformed: 16 or 36 matrices, each as in `siamese_pointwise`.
void siamese_winograd(
    siamese_level level, const siamese_winograd_shape *shape, const void *map, const void *kernels, const float *bias, int adds,
    const siamese_function *function, int first, int count, int rows, int first_block, int block_count, void *scratch,
    void *output);

/// Bytes that `siamese_winograd_few_tiles` works in.
size_t siamese_winograd_few_tiles_scratch(siamese_level level, const siamese_winograd_shape *shape, int count);

/// The same for floats at all of `count` tiles, with kernels as they are, `[filters / 16][channels][3][3][16]`: faster where
/// tiles are so few that reading transformed kernels would take longer than the products.
void siamese_winograd_few_tiles(
    siamese_level level, const siamese_winograd_shape *shape, const float *map, const float *kernels, const float *bias, int adds,
    const siamese_function *function, int count, int first_block, int block_count, float *scratch, float *output);
