#include "../include/Winograd.h"

#include "../include/Pointwise.h"
#include "Levels.h"
#include "Transforms.h"

static size_t matrices(const siamese_winograd_shape *s) { return s->is_bfloat16 ? 16 : 36; }

int AT_LEVEL(winograd_tiles)(const siamese_winograd_shape *s) {
  int extent = s->is_bfloat16 ? 2 : 4;
  return (s->output_height + extent - 1) / extent * ((s->output_width + extent - 1) / extent);
}

size_t AT_LEVEL(winograd_scratch)(const siamese_winograd_shape *s, int rows) {
  return 4 * matrices(s) * (size_t)rows * (size_t)(s->channels + s->filters);
}

void AT_LEVEL(winograd)(
    const siamese_winograd_shape *s, const void *map, const void *kernels, const float *bias, int adds,
    const siamese_function *function, int first, int count, int rows, int first_block, int block_count, void *scratch,
    void *output) {
  siamese_scatter *scatter = s->is_bfloat16 ? AT_LEVEL(scatter_2) : AT_LEVEL(scatter_4);
  siamese_gather *gather = s->is_bfloat16 ? AT_LEVEL(gather_2) : AT_LEVEL(gather_4);
  siamese_pointwise_shape product = {
      .kind = s->is_bfloat16 ? siamese_floats_of_bfloat16 : siamese_floats, .height = 1, .width = rows,
      .output_height = 1, .output_width = rows, .stride = 1, .channels = s->channels, .filters = s->filters,
      .function = {.kind = siamese_limited, .low = -__builtin_inff(), .high = __builtin_inff()}};
  size_t size = s->is_bfloat16 ? 2 : 4, channels = (size_t)s->channels, filters = (size_t)s->filters;
  size_t tile_matrix = (size_t)rows * channels, product_matrix = (size_t)rows * filters;
  float *products = scratch;
  char *tiles = (char *)(products + matrices(s) * product_matrix);
  for (int start = first; start < first + count; start += rows) {
    int tile_count = start + rows < first + count ? rows : first + count - start;
    scatter(s, map, start, tile_count, tiles, tile_matrix, (size_t)rows * 16);
    for (size_t i = 0; i < matrices(s); i++) {
      const char *matrix = (const char *)kernels + i * channels * filters * size;
      const char *then = i + 1 < matrices(s) ? matrix + channels * filters * size : (const char *)kernels;
      AT_LEVEL(pointwise)(
          &product, tiles + i * tile_matrix * size, matrix, 0, 0, AT_LEVEL(pointwise_tiles)(&product), first_block,
          block_count, then + (size_t)first_block * 16 * channels * size, products + i * product_matrix);
    }
    gather(
        s, products + (size_t)(first_block * rows) * 16, product_matrix, (size_t)rows * 16, start, tile_count,
        first_block, block_count, bias, adds, function, output);
  }
}
