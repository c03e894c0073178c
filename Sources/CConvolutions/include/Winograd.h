#pragma once
#include <stddef.h>
#include <stdint.h>

#include "Function.h"
#include "Pointwise.h"

/// Winograd's F(2×2, 3×3) for bfloat16 and F(4×4, 3×3) for float maps (Lavin and Gray, arXiv 1509.09308), in blocks of 16
/// channels, for processors with wide registers.

/// A 3×3 convolution of stride 1: `height`×`width` maps in, `output_height`×`output_width` out, `top` and `left` rows
/// and columns of zeros before the input.
typedef struct {
  int height, width, channels;
  int output_height, output_width, filters;
  int top, left;
} siamese_winograd_shape;

/// Tiles of `extent`×`extent` outputs in one picture.
int siamese_winograd_tiles(const siamese_winograd_shape *shape, int extent);

/// Bytes that one convolution works in, `rows` tiles at a time.
size_t siamese_winograd_scratch(const siamese_winograd_shape *shape, int matrices, int rows);

/// `function(sum + bias)` at tiles `first ..< first + count` (counted over pictures, then rows, then columns), `rows` at a
/// time; with `adds` nonzero, what the output holds is added before that. `bias` may be null. `kernels` are transformed:
/// 36 matrices for floats and tiles of 4×4 outputs, 16 for bfloat16 and 2×2, each as in `siamese_pointwise`.
void siamese_winograd_floats(
    const siamese_winograd_shape *shape, const float *map, const float *kernels, const float *bias, int adds,
    const siamese_function *function, int first, int count, int rows, void *scratch, float *output);
void siamese_winograd_halves(
    const siamese_winograd_shape *shape, const uint16_t *map, const uint16_t *kernels, const float *bias, int adds,
    const siamese_function *function, int first, int count, int rows, void *scratch, uint16_t *output);

/// The products between the transforms: `[matrices][channels / 16][rows][16]` times kernels into
/// `[matrices][filters / 16][rows][16]`.
void siamese_winograd_products(
    const siamese_winograd_shape *shape, siamese_pointwise_kind kind, int matrices, int rows, const void *tiles,
    const void *kernels, float *products);
