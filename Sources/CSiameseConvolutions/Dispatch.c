#include "Bodies/Levels.h"

// Each function of the interface asks the level for its own body.

siamese_level siamese_best_level(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return siamese_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return siamese_avx2;
#endif
  return siamese_portable;
}

#if defined(__x86_64__)
#define AT(level, name) \
  ((level) == siamese_avx512 ? name##_avx512 : (level) == siamese_avx2 ? name##_avx2 : name##_portable)
#else
#define AT(level, name) ((void)(level), name##_portable)
#endif

int siamese_pointwise_tiles(siamese_level level, const siamese_pointwise_shape *shape) {
  return AT(level, siamese_pointwise_tiles)(shape);
}

void siamese_pointwise(siamese_level level, const siamese_pointwise_shape *shape, const void *map, const void *weights, const float *bias, int first, int count, int first_block, int block_count, const void *then, void *output) {
  AT(level, siamese_pointwise)(shape, map, weights, bias, first, count, first_block, block_count, then, output);
}

int siamese_winograd_tiles(siamese_level level, const siamese_winograd_shape *shape) {
  return AT(level, siamese_winograd_tiles)(shape);
}

size_t siamese_winograd_scratch(siamese_level level, const siamese_winograd_shape *shape, int rows) {
  return AT(level, siamese_winograd_scratch)(shape, rows);
}

void siamese_winograd(siamese_level level, const siamese_winograd_shape *shape, const void *map, const void *kernels, const float *bias, int adds, const siamese_function *function, int first, int count, int rows, int first_block, int block_count, void *scratch, void *output) {
  AT(level, siamese_winograd)(shape, map, kernels, bias, adds, function, first, count, rows, first_block, block_count, scratch, output);
}

size_t siamese_winograd_few_tiles_scratch(siamese_level level, const siamese_winograd_shape *shape, int count) {
  return AT(level, siamese_winograd_few_tiles_scratch)(shape, count);
}

void siamese_winograd_few_tiles(siamese_level level, const siamese_winograd_shape *shape, const float *map, const float *kernels, const float *bias, int adds, const siamese_function *function, int count, int first_block, int block_count, float *scratch, float *output) {
  AT(level, siamese_winograd_few_tiles)(shape, map, kernels, bias, adds, function, count, first_block, block_count, scratch, output);
}

size_t siamese_depthwise_scratch(siamese_level level, const siamese_depthwise_shape *shape) {
  return AT(level, siamese_depthwise_scratch)(shape);
}

void siamese_depthwise(siamese_level level, const siamese_depthwise_shape *shape, const void *map, const float *weights, const float *bias, float *scratch, void *output, void *average) {
  AT(level, siamese_depthwise)(shape, map, weights, bias, scratch, output, average);
}

int siamese_first_row(siamese_level level, const siamese_first_shape *shape) {
  return AT(level, siamese_first_row)(shape);
}

size_t siamese_first_scratch(siamese_level level, const siamese_first_shape *shape, int rows) {
  return AT(level, siamese_first_scratch)(shape, rows);
}

void siamese_first(siamese_level level, const siamese_first_shape *shape, const float *picture, const void *weights, size_t weight_block, const float *bias, int first, int rows, void *scratch, void *output) {
  AT(level, siamese_first)(shape, picture, weights, weight_block, bias, first, rows, scratch, output);
}

void siamese_layer_normalization(siamese_level level, const siamese_layer_normalization_shape *shape, const void *map, const float *gamma, const float *beta, int first, int count, void *output) {
  AT(level, siamese_layer_normalization)(shape, map, gamma, beta, first, count, output);
}

void siamese_copy_channels(siamese_level level, const void *source, int source_channel, void *target, int target_channel, int count, size_t positions, int size) {
  AT(level, siamese_copy_channels)(source, source_channel, target, target_channel, count, positions, size);
}
