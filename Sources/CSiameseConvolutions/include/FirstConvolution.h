#pragma once
#include <stddef.h>

#include "Pointwise.h"

/// The convolution of pictures, whose three channels vary fastest, into maps whose channels lie in blocks of 16: each row
/// of a window is one stretch of memory.

/// `height`×`width` pictures in, `output_height`×`output_width` maps out (at least 13 wide); windows of
/// `window_height`×`window_width`, strides 1 or 2, `top` and `left` rows and columns of zeros before, as many as it takes after.
typedef struct {
  int height, width, output_height, output_width, filters;
  int window_height, window_width, stride, top, left;
  /// What comes out, and of what; pictures are floats, rounded for products of bfloat16. Not `siamese_bfloat16_of_floats`.
  siamese_product_kind kind;
  siamese_function function;
} siamese_first_shape;

/// Numbers in each row of a window, in bfloat16 filled up to an even count.
int siamese_first_row(siamese_level level, const siamese_first_shape *shape);

/// Bytes that one call works in.
size_t siamese_first_scratch(siamese_level level, const siamese_first_shape *shape, int rows);

/// Rows `first ..< first + rows` of one picture's output. `weights` are `[filters / 16][window_height · row][16]`, or
/// `[filters / 16][window_height · row / 2][16][2]` in bfloat16, `weight_block` numbers for each 16 filters; filters are
/// filled up to 16, and so is `bias`, which may be null.
void siamese_first(
    siamese_level level, const siamese_first_shape *shape, const float *picture, const void *weights, size_t weight_block, const float *bias,
    int first, int rows, void *scratch, void *output);
