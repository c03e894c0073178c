// Every function of the interface, and the transforms around Winograd's products, at every level.

#pragma once
#include "../include/CSiameseConvolutions.h"

#define DECLARE(level) \
  int siamese_pointwise_tiles_##level(const siamese_pointwise_shape *shape); \
  void siamese_pointwise_##level( \
      const siamese_pointwise_shape *shape, const void *map, const void *weights, const float *bias, int first, \
      int count, int first_block, int block_count, const void *then, void *output); \
  int siamese_winograd_tiles_##level(const siamese_winograd_shape *shape); \
  size_t siamese_winograd_scratch_##level(const siamese_winograd_shape *shape, int rows); \
  void siamese_winograd_##level( \
      const siamese_winograd_shape *shape, const void *map, const void *kernels, const float *bias, int adds, \
      const siamese_function *function, int first, int count, int rows, int first_block, int block_count, \
      void *scratch, void *output); \
  size_t siamese_winograd_few_tiles_scratch_##level(const siamese_winograd_shape *shape, int count); \
  void siamese_winograd_few_tiles_##level( \
      const siamese_winograd_shape *shape, const float *map, const float *kernels, const float *bias, int adds, \
      const siamese_function *function, int count, int first_block, int block_count, float *scratch, float *output); \
  size_t siamese_depthwise_scratch_##level(const siamese_depthwise_shape *shape); \
  void siamese_depthwise_##level( \
      const siamese_depthwise_shape *shape, const void *map, const float *weights, const float *bias, float *scratch, \
      void *output, void *average); \
  int siamese_first_row_##level(const siamese_first_shape *shape); \
  size_t siamese_first_scratch_##level(const siamese_first_shape *shape, int rows); \
  void siamese_first_##level( \
      const siamese_first_shape *shape, const float *picture, const void *weights, size_t weight_block, \
      const float *bias, int first, int rows, void *scratch, void *output); \
  void siamese_layer_normalization_##level( \
      const siamese_layer_normalization_shape *shape, const void *map, const float *gamma, const float *beta, \
      int first, int count, void *output); \
  void siamese_copy_channels_##level( \
      const void *source, int source_channel, void *target, int target_channel, int count, size_t positions, \
      int size);

DECLARE(portable)
#if defined(__x86_64__)
DECLARE(avx2)
DECLARE(avx512)
#endif
