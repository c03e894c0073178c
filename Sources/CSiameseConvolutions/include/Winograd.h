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

// What follows is seen only inside this target.

#if defined(SIAMESE_DISPATCH) || defined(SIAMESE_LEVEL)
#include "../Internal/Levels.h"

AT_EVERY_LEVEL(int, winograd_tiles, (const siamese_winograd_shape *shape));
AT_EVERY_LEVEL(size_t, winograd_scratch, (const siamese_winograd_shape *shape, int rows));
AT_EVERY_LEVEL(
    void, winograd,
    (const siamese_winograd_shape *shape, const void *map, const void *kernels, const float *bias, int adds,
     const siamese_function *function, int first, int count, int rows, int first_block, int block_count, void *scratch,
     void *output));
AT_EVERY_LEVEL(size_t, winograd_few_tiles_scratch, (const siamese_winograd_shape *shape, int count));
AT_EVERY_LEVEL(
    void, winograd_few_tiles,
    (const siamese_winograd_shape *shape, const float *map, const float *kernels, const float *bias, int adds,
     const siamese_function *function, int count, int first_block, int block_count, float *scratch, float *output));
#endif

#ifdef SIAMESE_DISPATCH
#include "../Internal/Contracts.h"

static inline int is_winograd_shape(siamese_level level, const siamese_winograd_shape *s) {
  return s && is_available(level, s->is_bfloat16) && s->height > 0 && s->width > 0 && s->channels > 0
      && s->channels % 16 == 0 && s->output_height > 0 && s->output_width > 0 && s->filters > 0 && s->filters % 16 == 0
      && s->top >= 0 && s->left >= 0;
}

int siamese_winograd_tiles(siamese_level level, const siamese_winograd_shape *shape) {
  SIAMESE_ASSERT(is_winograd_shape(level, shape));
  return AT(level, winograd_tiles)(shape);
}

size_t siamese_winograd_scratch(siamese_level level, const siamese_winograd_shape *shape, int rows) {
  SIAMESE_ASSERT(is_winograd_shape(level, shape) && rows > 0);
  return AT(level, winograd_scratch)(shape, rows);
}

void siamese_winograd(
    siamese_level level, const siamese_winograd_shape *shape, const void *map, const void *kernels, const float *bias,
    int adds, const siamese_function *function, int first, int count, int rows, int first_block, int block_count,
    void *scratch, void *output) {
  SIAMESE_ASSERT(is_winograd_shape(level, shape) && function && is_function(*function));
  SIAMESE_ASSERT(is_part(first, count, INT32_MAX) && rows > 0);
  SIAMESE_ASSERT(is_part(first_block, block_count, shape->filters / 16));
  SIAMESE_ASSERT(is_array(map, shape->is_bfloat16 ? 2 : 4) && is_array(kernels, shape->is_bfloat16 ? 2 : 4));
  SIAMESE_ASSERT(is_array_or_null(bias, 4) && is_array(scratch, 4) && is_array(output, shape->is_bfloat16 ? 2 : 4));
  AT(level, winograd)(
      shape, map, kernels, bias, adds, function, first, count, rows, first_block, block_count, scratch, output);
}

size_t siamese_winograd_few_tiles_scratch(siamese_level level, const siamese_winograd_shape *shape, int count) {
  SIAMESE_ASSERT(is_winograd_shape(level, shape) && !shape->is_bfloat16 && count > 0);
  return AT(level, winograd_few_tiles_scratch)(shape, count);
}

void siamese_winograd_few_tiles(
    siamese_level level, const siamese_winograd_shape *shape, const float *map, const float *kernels, const float *bias,
    int adds, const siamese_function *function, int count, int first_block, int block_count, float *scratch,
    float *output) {
  SIAMESE_ASSERT(is_winograd_shape(level, shape) && !shape->is_bfloat16 && count > 0);
  SIAMESE_ASSERT(function && is_function(*function) && is_part(first_block, block_count, shape->filters / 16));
  SIAMESE_ASSERT(is_array(map, 4) && is_array(kernels, 4) && is_array_or_null(bias, 4));
  SIAMESE_ASSERT(is_array(scratch, 4) && is_array(output, 4));
  AT(level, winograd_few_tiles)(
      shape, map, kernels, bias, adds, function, count, first_block, block_count, scratch, output);
}
#endif

#ifdef SIAMESE_LEVEL
#include "Pointwise.h"

#define SIAMESE_KERNEL winograd
#include "../Internal/Vectors.h"
#include "../Internal/WinogradFewTiles.h"
#include "../Internal/WinogradTiles2.h"
#include "../Internal/WinogradTiles4.h"

static size_t matrices(const siamese_winograd_shape *s) { return s->is_bfloat16 ? 16 : 36; }

int AT_LEVEL(winograd_tiles)(const siamese_winograd_shape *s) {
  int extent = s->is_bfloat16 ? 2 : 4;
  return (s->output_height + extent - 1) / extent * ((s->output_width + extent - 1) / extent);
}

size_t AT_LEVEL(winograd_scratch)(const siamese_winograd_shape *s, int rows) {
  return 4 * matrices(s) * (size_t)rows * (size_t)(s->channels + s->filters);
}

void AT_LEVEL(winograd)(
    const siamese_winograd_shape *s, const void *map, const void *kernels, const float *bias, int adds,
    const siamese_function *function, int first, int count, int rows, int first_block, int block_count, void *scratch,
    void *output) {
  siamese_scatter *scatter = s->is_bfloat16 ? AT_LEVEL(scatter_2) : AT_LEVEL(scatter_4);
  siamese_gather *gather = s->is_bfloat16 ? AT_LEVEL(gather_2) : AT_LEVEL(gather_4);
  siamese_pointwise_shape product = {
      .kind = s->is_bfloat16 ? siamese_floats_of_bfloat16 : siamese_floats, .height = 1, .width = rows,
      .output_height = 1, .output_width = rows, .stride = 1, .channels = s->channels, .filters = s->filters,
      .function = {.kind = siamese_limited, .low = -__builtin_inff(), .high = __builtin_inff()}};
  size_t size = s->is_bfloat16 ? 2 : 4, channels = (size_t)s->channels, filters = (size_t)s->filters;
  size_t tile_matrix = (size_t)rows * channels, product_matrix = (size_t)rows * filters;
  float *products = scratch;
  char *tiles = (char *)(products + matrices(s) * product_matrix);
  for (int start = first; start < first + count; start += rows) {
    int tile_count = start + rows < first + count ? rows : first + count - start;
    scatter(s, map, start, tile_count, tiles, tile_matrix, (size_t)rows * 16);
    for (size_t i = 0; i < matrices(s); i++) {
      const char *matrix = (const char *)kernels + i * channels * filters * size;
      const char *then = i + 1 < matrices(s) ? matrix + channels * filters * size : (const char *)kernels;
      AT_LEVEL(pointwise)(
          &product, tiles + i * tile_matrix * size, matrix, 0, 0, AT_LEVEL(pointwise_tiles)(&product), first_block,
          block_count, then + (size_t)first_block * 16 * channels * size, products + i * product_matrix);
    }
    gather(
        s, products + (size_t)(first_block * rows) * 16, product_matrix, (size_t)rows * 16, start, tile_count,
        first_block, block_count, bias, adds, function, output);
  }
}

#undef SIAMESE_KERNEL
#endif
