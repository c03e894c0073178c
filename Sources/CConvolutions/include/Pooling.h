#pragma once
#include "Function.h"

/// Maximum pooling from maps whose channels vary fastest into blocks of 16 channels, which oneDNN would reorder first.

/// Windows of `window_height`×`window_width` over maps of `height`×`width`, of which `top` and `left` rows and columns lie
/// before the map; every window meets the map.
typedef struct {
  int height, width, output_height, output_width;
  int window_height, window_width, vertical_stride, horizontal_stride, top, left;
  /// Of 16 channels.
  int blocks;
  /// Whether elements are bfloat16 rather than float.
  int is_half;
} siamese_pooling_shape;

/// Row `y` of the output of one picture.
void siamese_max_pool(const siamese_pooling_shape *shape, const void *map, int y, void *output);
