#pragma once
#include <stddef.h>

#include "Function.h"

/// 1×1 convolution of maps in blocks of 16 channels: a product of matrices whose sums stay in registers.

/// The element types of the product.
typedef enum {
  /// Map, weights and output are floats.
  siamese_floats,
  /// Map, weights and output are bfloat16.
  siamese_bfloat16,
  /// Map and weights are bfloat16, the output floats. With stride 1 only in `siamese_pointwise`.
  siamese_floats_of_bfloat16,
  /// Map and weights are floats, the output bfloat16. With stride 1 only.
  siamese_bfloat16_of_floats
} siamese_product_kind;

/// A 1×1 convolution without zeros around the map.
typedef struct {
  siamese_product_kind kind;
  /// Of the map `[pictures][channels/16][height][width][16]`.
  int height, width, channels;
  /// Of the output `[pictures][filters/16][output_height][output_width][16]`. With stride 1 its height and width are
  /// the map's; with stride 2 all pixels `(2y, 2x)` must lie in the map.
  int output_height, output_width, filters;
  /// Pixels of the map from one output to the next, in both directions: 1 or 2.
  int stride;
  /// If not 0, what the output holds already is added before the function.
  int adds;
  /// Applied to each sum.
  siamese_function function;
} siamese_pointwise_shape;

/// Tiles in one picture: each is a stretch of up to 13 neighbouring pixels, how many depends on the level. Tiles of all
/// pictures are numbered in order: those of the first picture by rows and columns, then those of the second, and so on.
int siamese_pointwise_tiles(siamese_level level, const siamese_pointwise_shape *shape);

/// `output = function(weights · map + bias)`, or `function(weights · map + bias + output)` where `shape->adds`, at
/// tiles `first ..< first + count` of blocks of filters `first_block ..< first_block + block_count`. Either count may
/// be 0. All other pixels and blocks of the output stay as they are.
///
/// - `weights`: `[filters/16][channels'][16]`, in bfloat16 `[filters/16][channels'/2][16][2]`, where `channels'` is
///   `channels` rounded up to a multiple of 16, and the two numbers at the end belong to neighbouring channels.
/// - `bias`: `[filters/16][16]` floats, or null for zeros.
/// - `then`: where weights begin that are wanted after this call; they are fetched into the caches meanwhile. It is
///   never read otherwise, and must not be null; where nothing is wanted next, pass `weights`.
///
/// Padded lanes of the map, and weights of padded channels, may hold anything, with one exception: in bfloat16 with an
/// odd number of channels, the first padded lane must be finite, and its weights zero. Weights and biases of padded
/// filters reach only the output's padded lanes; where they are zero, those become `function(0)`, or `function(output)`
/// where `shape->adds`.
void siamese_pointwise(
    siamese_level level, const siamese_pointwise_shape *shape, const void *map, const void *weights, const float *bias,
    int first, int count, int first_block, int block_count, const void *then, void *output);
