#pragma once
#include <stddef.h>

#include "Function.h"

/// Layer normalisation over the channels of each pixel, of maps in blocks of 16 channels.

/// Of a map `[channels/16][pixels][16]`.
typedef struct {
  /// Pixels of one picture, and channels: a multiple of 16, so that there are no padded lanes.
  int pixels, channels;
  /// If not 0, map and output are bfloat16; otherwise floats.
  int is_bfloat16;
  /// Added to each pixel's variance; not negative.
  float epsilon;
} siamese_layer_normalization_shape;

/// `output = gamma · (map − mean) / √(variance + epsilon) + beta`, with mean and variance over the channels of each
/// pixel, at pixels `first ..< first + count` of one picture. `count` may be 0; all other pixels of the output stay as
/// they are.
///
/// - `map` and `output`: `[channels/16][pixels][16]`.
/// - `gamma` and `beta`: `[channels]` floats.
void siamese_layer_normalization(
    siamese_level level, const siamese_layer_normalization_shape *shape, const void *map, const float *gamma,
    const float *beta, int first, int count, void *output);
