#pragma once
#include <stddef.h>

#include "Function.h"

/// 3×3 convolutions of stride 1 by Winograd's minimal filtering F(2×2, 3×3) and F(4×4, 3×3) (Lavin and Gray, arXiv
/// 1509.09308), on maps in blocks of 16 channels:
///
///     Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A      for each tile of outputs Y, from inputs d and the kernel g
///
/// Each element of a transformed tile is one element of a matrix, so that there are 16 matrices for tiles of 2×2
/// outputs and 36 for tiles of 4×4.

/// A 3×3 convolution.
typedef struct {
  /// Of the map `[pictures][channels/16][height][width][16]`. `channels` counts padded lanes too: it is a multiple of
  /// 16.
  int height, width, channels;
  /// Of the output `[pictures][filters/16][output_height][output_width][16]`. `filters` is a multiple of 16, padded
  /// lanes counted.
  int output_height, output_width, filters;
  /// Rows and columns of zeros before the map. After it come as many as the outputs reach.
  int top, left;
  /// If not 0, map, kernels and output are bfloat16, and tiles are of 2×2 outputs; otherwise floats, and 4×4.
  int is_bfloat16;
} siamese_winograd_shape;

/// Tiles in one picture. Tiles of all pictures are numbered in order: those of the first picture by rows and columns,
/// then those of the second, and so on.
int siamese_winograd_tiles(siamese_level level, const siamese_winograd_shape *shape);

/// Bytes of working memory for `siamese_winograd` with the same `rows`.
size_t siamese_winograd_scratch(siamese_level level, const siamese_winograd_shape *shape, int rows);

/// `output = function(convolution + bias)`, or `function(convolution + bias + output)` where `adds` is not 0, at tiles
/// `first ..< first + count` of blocks of filters `first_block ..< first_block + block_count`. Either count may be 0.
/// All other pixels and blocks of the output stay as they are.
///
/// - `kernels`: `G g Gᵀ`: 16 or 36 matrices one after another, element (i, j) of the transformed kernels being number 4
///   i + j or 6 i + j. Each is `[filters/16][channels][16]`, in bfloat16 `[filters/16][channels/2][16][2]`.
/// - `bias`: `[filters/16][16]` floats, or null for zeros.
/// - `rows`: tiles that are transformed, multiplied and gathered at a time, at least 1; more than `count` costs time.
/// - `scratch`: `siamese_winograd_scratch` bytes, aligned for floats; what they hold before does not matter.
///
/// Padded lanes of the map must be finite, and kernels of padded channels zero. Kernels and biases of padded filters
/// reach only the output's padded lanes; where they are zero, those become `function(0)`, or `function(output)` where
/// `adds`.
void siamese_winograd(
    siamese_level level, const siamese_winograd_shape *shape, const void *map, const void *kernels, const float *bias,
    int adds, const siamese_function *function, int first, int count, int rows, int first_block, int block_count,
    void *scratch, void *output);

/// Bytes of working memory for `siamese_winograd_few_tiles` with the same `count`.
size_t siamese_winograd_few_tiles_scratch(siamese_level level, const siamese_winograd_shape *shape, int count);

/// The same for floats at the first `count` tiles, at least one, with kernels that are not transformed,
/// `[filters/16][channels][3][3][16]`: faster where tiles are so few that reading transformed kernels, four times as
/// large, would take longer than the products. `scratch` is of `siamese_winograd_few_tiles_scratch` bytes; the
/// conditions on padded lanes are the same.
void siamese_winograd_few_tiles(
    siamese_level level, const siamese_winograd_shape *shape, const float *map, const float *kernels, const float *bias,
    int adds, const siamese_function *function, int count, int first_block, int block_count, float *scratch,
    float *output);
