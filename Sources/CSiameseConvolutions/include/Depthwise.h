#pragma once
#include <stddef.h>

#include "Function.h"

/// Depthwise convolution of 16 channels at a time, with cheap functions before and after, and the mean of what comes
/// out.

/// The element types of map and output. Weights, bias and sums are floats.
typedef enum {
  /// Map and output are floats.
  siamese_depthwise_floats,
  /// Map and output are bfloat16.
  siamese_depthwise_bfloat16,
  /// The map is floats, the output bfloat16.
  siamese_depthwise_rounded
} siamese_depthwise_kind;

/// A depthwise convolution of `kernel`×`kernel` windows with equal strides.
typedef struct {
  /// Of the map and the output. Outputs may reach beyond the map: there it is zero.
  int height, width, output_height, output_width;
  /// Rows and columns of a window: 3, 5 or 7.
  int kernel;
  /// Pixels of the map from one window to the next: 1 or 2.
  int stride;
  /// Rows and columns of zeros before the map. After it come as many as the windows reach.
  int top, left;
  /// Elements from the 16 channels of one pixel to those of the next, of the map and of the output: 16 in maps of
  /// blocks, the count of channels in maps whose channels vary fastest.
  size_t pixel, output_pixel;
  siamese_depthwise_kind kind;
  /// Applied to the map as it is read (zeros around it stay zeros), and to each sum with its bias.
  siamese_function before, after;
} siamese_depthwise_shape;

/// Floats (not bytes) of working memory for `siamese_depthwise`.
size_t siamese_depthwise_scratch(siamese_level level, const siamese_depthwise_shape *shape);

/// Convolves 16 channels of one picture.
///
/// - `map`: the first pixel's 16 channels; the pixel in row y and column x lies `(y · width + x) · pixel` elements on.
/// - `weights`: `[kernel][kernel][16]` floats.
/// - `bias`: 16 floats, or null for zeros.
/// - `scratch`: `siamese_depthwise_scratch` floats; what they hold before does not matter.
/// - `output`: the first pixel's 16 channels; others as in `map`, with `output_width` and `output_pixel`. What lies
///   between them stays as it is.
/// - `average`: null, or room for 16 elements of the output's type, which get the means of the output over its pixels.
///
/// Each lane is computed from the same lane of `map`, `weights` and `bias` alone: padded lanes may hold anything, and
/// what is written to them follows from that.
void siamese_depthwise(
    siamese_level level, const siamese_depthwise_shape *shape, const void *map, const float *weights, const float *bias,
    float *scratch, void *output, void *average);
