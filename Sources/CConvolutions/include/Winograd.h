#pragma once
#include <stddef.h>
#include <stdint.h>

#include "Function.h"

/// The transforms around the matrix products of Winograd's F(2×2, 3×3) for bfloat16 and F(4×4, 3×3) for float maps (Lavin
/// and Gray, arXiv 1509.09308), in blocks of 16 channels.

/// A 3×3 convolution of stride 1: `height`×`width` maps in, `output_height`×`output_width` out, `top` and `left` rows
/// and columns of zeros before the input.
typedef struct {
  int height, width, channels;
  int output_height, output_width, filters;
  int top, left;
} siamese_winograd_shape;

/// Tiles of `extent`×`extent` outputs in one picture.
int siamese_winograd_tiles(const siamese_winograd_shape *shape, int extent);

/// Input tiles `first ..< first + count` (counted over pictures, then rows, then columns) into `[16][rows][channels]`.
void siamese_winograd_scatter(
    const siamese_winograd_shape *shape, const uint16_t *map, int first, int count, int rows, uint16_t *tiles);

/// Products `[16][rows][filters]` of the same tiles into the output map: `function(sum + bias)`; with `adds` nonzero,
/// what the map holds is added before that. `bias` may be null.
void siamese_winograd_gather(
    const siamese_winograd_shape *shape, const float *products, int first, int count, int rows, const float *bias,
    int adds, const siamese_function *function, uint16_t *map);

/// Floats that `siamese_winograd_floats` works in.
size_t siamese_winograd_scratch(const siamese_winograd_shape *shape, int rows);

/// The whole convolution, for floats and tiles of 4×4 outputs, at tiles `first ..< first + count`, `rows` at a time. `kernels`
/// are `[36][filters / 16][channels][16]`, transformed.
void siamese_winograd_floats(
    const siamese_winograd_shape *shape, const float *map, const float *kernels, const float *bias, int adds,
    const siamese_function *function, int first, int count, int rows, float *scratch, float *output);
