#pragma once
#include <stddef.h>

#include "Function.h"

/// Layer normalisation over the channels of each pixel of maps whose channels lie 16 by 16, for processors with wide registers.

/// Maps of `pixels` pixels and `channels` channels, a multiple of 16, of floats or bfloat16.
typedef struct {
  int pixels, channels;
  int is_bfloat16;
  float epsilon;
} siamese_layer_normalization_shape;

/// `gamma · (x - mean) / √(variance + epsilon) + beta` at `count` pixels of one picture from `first` on.
void siamese_layer_normalization(
    siamese_level level, const siamese_layer_normalization_shape *shape, const void *map, const float *gamma, const float *beta, int first, int count,
    void *output);
