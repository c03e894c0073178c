#pragma once
#include <stddef.h>
#include <stdint.h>

#include "Function.h"

/// Depthwise convolution of maps whose channels lie 16 by 16, with cheap activations before and after, and the average of
/// what comes out.

/// What maps hold and what comes out: floats of floats, bfloat16 of bfloat16, or bfloat16 of floats. Sums and weights are floats.
typedef enum { siamese_depthwise_floats, siamese_depthwise_bfloat16, siamese_depthwise_rounded } siamese_depthwise_kind;

/// A convolution of `kernel`×`kernel` (3, 5 or 7) with equal strides (1 or 2): `height`×`width` maps in,
/// `output_height`×`output_width` out, `top` and `left` rows and columns of zeros before the input, as many as it takes after.
typedef struct {
  int height, width, output_height, output_width;
  int kernel, stride, top, left;
  /// Elements from 16 channels of one pixel to the same ones of the next.
  size_t pixel, output_pixel;
  siamese_depthwise_kind kind;
  /// Applied to the input, and to the sum with the bias.
  siamese_function before, after;
} siamese_depthwise_shape;

/// Floats that one call works in.
size_t siamese_depthwise_scratch(siamese_level level, const siamese_depthwise_shape *shape);

/// 16 channels of one picture. `weights` are `[kernel][kernel][16]`; `bias`, 16 of them, may be null; where `average` is not,
/// it gets the 16 means of the output, in the map's element type.
void siamese_depthwise(
    siamese_level level, const siamese_depthwise_shape *shape, const void *map, const float *weights, const float *bias, float *scratch,
    void *output, void *average);
