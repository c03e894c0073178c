#include "Bodies/Levels.h"
#include "Contracts.h"

// Each function of the interface checks what its header asks for, in builds that check, and calls the level's own body.

siamese_level siamese_best_level(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return siamese_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return siamese_avx2;
#endif
  return siamese_portable;
}

int siamese_takes_bfloat16(siamese_level level) {
#if defined(__x86_64__)
  if (level == siamese_avx512) return __builtin_cpu_supports("avx512bf16") != 0;
#endif
  return level <= siamese_best_level();
}

#if defined(__x86_64__)
#define AT(level, name) \
  ((level) == siamese_avx512 ? name##_avx512 : (level) == siamese_avx2 ? name##_avx2 : name##_portable)
#else
#define AT(level, name) ((void)(level), name##_portable)
#endif

int siamese_pointwise_tiles(siamese_level level, const siamese_pointwise_shape *shape) {
  SIAMESE_ASSERT(is_pointwise_shape(level, shape));
  return AT(level, siamese_pointwise_tiles)(shape);
}

void siamese_pointwise(
    siamese_level level, const siamese_pointwise_shape *shape, const void *map, const void *weights, const float *bias,
    int first, int count, int first_block, int block_count, const void *then, void *output) {
  SIAMESE_ASSERT(is_pointwise_shape(level, shape));
  SIAMESE_ASSERT(is_part(first, count, INT32_MAX));
  SIAMESE_ASSERT(is_part(first_block, block_count, block_count_of(shape->filters)));
  SIAMESE_ASSERT(is_array(map, input_size(shape->kind)) && is_array(weights, input_size(shape->kind)));
  SIAMESE_ASSERT(is_array_or_null(bias, 4) && then && is_array(output, output_size(shape->kind)));
  AT(level, siamese_pointwise)(
      shape, map, weights, bias, first, count, first_block, block_count, then, output);
}

int siamese_winograd_tiles(siamese_level level, const siamese_winograd_shape *shape) {
  SIAMESE_ASSERT(is_winograd_shape(level, shape));
  return AT(level, siamese_winograd_tiles)(shape);
}

size_t siamese_winograd_scratch(siamese_level level, const siamese_winograd_shape *shape, int rows) {
  SIAMESE_ASSERT(is_winograd_shape(level, shape) && rows > 0);
  return AT(level, siamese_winograd_scratch)(shape, rows);
}

void siamese_winograd(
    siamese_level level, const siamese_winograd_shape *shape, const void *map, const void *kernels, const float *bias,
    int adds, const siamese_function *function, int first, int count, int rows, int first_block, int block_count,
    void *scratch, void *output) {
  SIAMESE_ASSERT(is_winograd_shape(level, shape) && function && is_function(*function));
  SIAMESE_ASSERT(is_part(first, count, INT32_MAX) && rows > 0);
  SIAMESE_ASSERT(is_part(first_block, block_count, shape->filters / 16));
  SIAMESE_ASSERT(is_array(map, shape->is_bfloat16 ? 2 : 4) && is_array(kernels, shape->is_bfloat16 ? 2 : 4));
  SIAMESE_ASSERT(is_array_or_null(bias, 4) && is_array(scratch, 4) && is_array(output, shape->is_bfloat16 ? 2 : 4));
  AT(level, siamese_winograd)(
      shape, map, kernels, bias, adds, function, first, count, rows, first_block, block_count, scratch, output);
}

size_t siamese_winograd_few_tiles_scratch(siamese_level level, const siamese_winograd_shape *shape, int count) {
  SIAMESE_ASSERT(is_winograd_shape(level, shape) && !shape->is_bfloat16 && count > 0);
  return AT(level, siamese_winograd_few_tiles_scratch)(shape, count);
}

void siamese_winograd_few_tiles(
    siamese_level level, const siamese_winograd_shape *shape, const float *map, const float *kernels, const float *bias,
    int adds, const siamese_function *function, int count, int first_block, int block_count, float *scratch,
    float *output) {
  SIAMESE_ASSERT(is_winograd_shape(level, shape) && !shape->is_bfloat16 && count > 0);
  SIAMESE_ASSERT(function && is_function(*function) && is_part(first_block, block_count, shape->filters / 16));
  SIAMESE_ASSERT(is_array(map, 4) && is_array(kernels, 4) && is_array_or_null(bias, 4));
  SIAMESE_ASSERT(is_array(scratch, 4) && is_array(output, 4));
  AT(level, siamese_winograd_few_tiles)(
      shape, map, kernels, bias, adds, function, count, first_block, block_count, scratch, output);
}

size_t siamese_depthwise_scratch(siamese_level level, const siamese_depthwise_shape *shape) {
  SIAMESE_ASSERT(is_depthwise_shape(level, shape));
  return AT(level, siamese_depthwise_scratch)(shape);
}

void siamese_depthwise(
    siamese_level level, const siamese_depthwise_shape *shape, const void *map, const float *weights, const float *bias,
    float *scratch, void *output, void *average) {
  SIAMESE_ASSERT(is_depthwise_shape(level, shape));
  SIAMESE_ASSERT(is_array(map, shape->kind == siamese_depthwise_bfloat16 ? 2 : 4) && is_array(weights, 4));
  SIAMESE_ASSERT(is_array_or_null(bias, 4) && is_array(scratch, 4));
  SIAMESE_ASSERT(is_array(output, shape->kind == siamese_depthwise_floats ? 4 : 2));
  SIAMESE_ASSERT(is_array_or_null(average, shape->kind == siamese_depthwise_floats ? 4 : 2));
  AT(level, siamese_depthwise)(shape, map, weights, bias, scratch, output, average);
}

int siamese_first_row(siamese_level level, const siamese_first_shape *shape) {
  SIAMESE_ASSERT(is_first_shape(level, shape));
  return AT(level, siamese_first_row)(shape);
}

size_t siamese_first_scratch(siamese_level level, const siamese_first_shape *shape, int rows) {
  SIAMESE_ASSERT(is_first_shape(level, shape) && rows > 0);
  return AT(level, siamese_first_scratch)(shape, rows);
}

void siamese_first(
    siamese_level level, const siamese_first_shape *shape, const float *picture, const void *weights,
    size_t weight_block, const float *bias, int first, int rows, void *scratch, void *output) {
  SIAMESE_ASSERT(is_first_shape(level, shape));
  SIAMESE_ASSERT(is_part(first, rows, shape->output_height) && rows > 0);
  SIAMESE_ASSERT(weight_block >= (size_t)(shape->window_height * siamese_first_row(level, shape)) * 16);
  SIAMESE_ASSERT(is_array(picture, 4) && is_array(weights, input_size(shape->kind)));
  SIAMESE_ASSERT(is_array_or_null(bias, 4) && is_array(scratch, 4));
  SIAMESE_ASSERT(is_array(output, output_size(shape->kind)));
  AT(level, siamese_first)(shape, picture, weights, weight_block, bias, first, rows, scratch, output);
}

void siamese_layer_normalization(
    siamese_level level, const siamese_layer_normalization_shape *shape, const void *map, const float *gamma,
    const float *beta, int first, int count, void *output) {
  SIAMESE_ASSERT(is_layer_normalization_shape(level, shape) && is_part(first, count, shape->pixels));
  SIAMESE_ASSERT(is_array(map, shape->is_bfloat16 ? 2 : 4) && is_array(output, shape->is_bfloat16 ? 2 : 4));
  SIAMESE_ASSERT(is_array(gamma, 4) && is_array(beta, 4));
  AT(level, siamese_layer_normalization)(shape, map, gamma, beta, first, count, output);
}

void siamese_copy_channels(
    siamese_level level, const void *source, int source_channel, void *target, int target_channel, int count,
    size_t positions, int size) {
  SIAMESE_ASSERT(is_available(level, 0) && (size == 2 || size == 4));
  SIAMESE_ASSERT(source_channel >= 0 && target_channel >= 0 && count >= 0);
  SIAMESE_ASSERT(is_array(source, (uintptr_t)size) && is_array(target, (uintptr_t)size));
  AT(level, siamese_copy_channels)(source, source_channel, target, target_channel, count, positions, size);
}
