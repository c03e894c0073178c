#pragma once
#include <stddef.h>

#include "Pointwise.h"

/// A network's first convolution: from pictures whose three channels vary fastest, as they are read from files, into
/// maps in blocks of 16 channels. Each row of a window is one stretch of memory.

/// A convolution of one or more pictures `[height][width][3]` of floats.
typedef struct {
  int height, width;
  /// Of the output `[filters/16][output_height][output_width][16]`, which is at least 13 wide.
  int output_height, output_width, filters;
  int window_height, window_width;
  /// Pixels from one window to the next, in both directions: 1 or 2.
  int stride;
  /// Rows and columns of zeros before the picture. After it come as many as the windows reach.
  int top, left;
  /// The types of products and output. With bfloat16 products, pictures are rounded to it first.
  /// `siamese_bfloat16_of_floats` is not among them.
  siamese_product_kind kind;
  /// Applied to each sum with its bias.
  siamese_function function;
} siamese_first_shape;

/// Numbers in each row of a window, `3 · window_width`, with products of bfloat16 rounded up to an even number.
int siamese_first_row(siamese_level level, const siamese_first_shape *shape);

/// Bytes of working memory for `siamese_first` with the same `rows`.
size_t siamese_first_scratch(siamese_level level, const siamese_first_shape *shape, int rows);

/// Rows `first ..< first + rows` of one picture's output: `function(weights · window + bias)`. `rows` is at least 1.
/// All other rows stay as they are.
///
/// - `picture`: `[height][width][3]` floats.
/// - `weights`: `[filters/16][window_height · row][16]` floats, or `[filters/16][window_height · row / 2][16][2]` in
///   bfloat16, where `row` is `siamese_first_row`, and the number that fills a row up is zero.
/// - `weight_block`: elements from the weights of 16 filters to those of the next 16.
/// - `bias`: `[filters/16][16]` floats, or null for zeros.
/// - `scratch`: `siamese_first_scratch` bytes, aligned for floats; what they hold before does not matter.
/// - `output`: `[filters/16][output_height][output_width][16]`, floats or bfloat16 as `kind` says.
///
/// Weights and biases of padded filters may hold anything: they reach only the output's padded lanes, which become
/// `function(0)` where they are zero.
void siamese_first(
    siamese_level level, const siamese_first_shape *shape, const float *picture, const void *weights,
    size_t weight_block, const float *bias, int first, int rows, void *scratch, void *output);
