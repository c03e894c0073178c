#pragma once
#include <stddef.h>

#include "Function.h"

/// 1×1 convolution of maps whose channels lie 16 by 16, as a product of matrices whose tiles stay in registers.

/// What comes out, and of what inputs and weights: floats of floats, bfloat16 of bfloat16 (summed as floats; for processors
/// with AVX512_BF16), or, with stride 1, floats of bfloat16 and bfloat16 of floats.
typedef enum { siamese_floats, siamese_bfloat16, siamese_floats_of_bfloat16, siamese_bfloat16_of_floats } siamese_product_kind;

/// A convolution of `width`-wide maps to `output_height`×`output_width` ones, with equal strides (1 or 2) and no zeros around.
/// Channels lie in blocks of 16, the last of them filled up with zeros.
typedef struct {
  siamese_product_kind kind;
  int height, width, channels;
  int output_height, output_width, filters;
  int stride;
  /// Whether what the output holds is added.
  int adds;
  siamese_function function;
} siamese_pointwise_shape;

/// Tiles of neighbouring outputs in one picture.
int siamese_pointwise_tiles(siamese_level level, const siamese_pointwise_shape *shape);

/// `function(weights · map + bias)` at tiles `first ..< first + count`, counted over pictures, rows and columns, in
/// `block_count` blocks of the output from `first_block` on. `weights` are `[filters / 16][channels][16]`, in bfloat16
/// `[filters / 16][channels / 2][16][2]`, filters and channels filled up to 16; so is `bias`, which may be null. `then` is
/// where weights lie that are wanted next; anything else costs a little time.
void siamese_pointwise(
    siamese_level level, const siamese_pointwise_shape *shape, const void *map, const void *weights, const float *bias, int first, int count,
    int first_block, int block_count, const void *then, void *output);
