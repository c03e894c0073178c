#pragma once
#include <stddef.h>
#include <stdint.h>

/// The transforms around the matrix products of Winograd's F(2×2, 3×3) (Lavin and Gray, arXiv 1509.09308) for bfloat16
/// maps in blocks of 16 channels. In C because Swift's vectors do not reach the processor's widest registers without
/// flags that a package may not set.

/// A 3×3 convolution of stride 1: `height`×`width` maps in, `output_height`×`output_width` out, `top` and `left` rows
/// and columns of zeros before the input.
typedef struct {
  int height, width, channels;
  int output_height, output_width, filters;
  int top, left;
} siamese_winograd_shape;

/// Tiles of 2×2 outputs in one picture.
int siamese_winograd_tiles(const siamese_winograd_shape *shape);

/// Input tiles `first ..< first + count` (counted over pictures, then rows, then columns) into `[16][rows][channels]`.
void siamese_winograd_scatter(
    const siamese_winograd_shape *shape, const uint16_t *map, int first, int count, int rows, uint16_t *tiles);

/// Products `[16][rows][filters]` of the same tiles into the output map: `limited(sum + bias)`, where `limited` is
/// between `low` and `high`; with `adds` nonzero, what the map holds is added before that. `bias` may be null.
void siamese_winograd_gather(
    const siamese_winograd_shape *shape, const float *products, int first, int count, int rows, const float *bias,
    int adds, float low, float high, uint16_t *map);
