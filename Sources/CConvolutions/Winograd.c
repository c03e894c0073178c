#include "Winograd.h"

#include "Pointwise.h"
#include "Transforms.h"

static size_t matrices(const siamese_winograd_shape *s) { return (size_t)((s->extent + 2) * (s->extent + 2)); }

int siamese_winograd_tiles(const siamese_winograd_shape *s) {
  return ((s->output_height + s->extent - 1) / s->extent) * ((s->output_width + s->extent - 1) / s->extent);
}

size_t siamese_winograd_scratch(const siamese_winograd_shape *s, int rows) {
  return 4 * matrices(s) * (size_t)rows * (size_t)(s->channels + s->filters);
}

void siamese_winograd(
    const siamese_winograd_shape *s, const void *map, const void *kernels, const float *bias, int adds,
    const siamese_function *function, int first, int count, int rows, int first_block, int block_count, void *scratch,
    void *output) {
  siamese_scatter *scatter = s->is_half ? siamese_scatter_2_halves
      : s->extent == 2                  ? siamese_scatter_2_floats
                                        : siamese_scatter_4_floats;
  siamese_gather *gather = s->is_half ? siamese_gather_2_halves
      : s->extent == 2                ? siamese_gather_2_floats
                                      : siamese_gather_4_floats;
  siamese_pointwise_shape product = {
      .kind = s->is_half ? siamese_sums_of_halves : siamese_floats, .height = 1, .width = rows, .output_height = 1,
      .output_width = rows, .stride = 1, .channels = s->channels, .filters = s->filters,
      .function = {.kind = siamese_limited, .low = -__builtin_inff(), .high = __builtin_inff()}};
  size_t size = s->is_half ? 2 : 4, channels = (size_t)s->channels, filters = (size_t)s->filters;
  float *products = scratch;
  char *tiles = (char *)(products + matrices(s) * (size_t)rows * filters);
  for (int start = first; start < first + count; start += rows) {
    int tile_count = start + rows < first + count ? rows : first + count - start;
    scatter(s, map, start, tile_count, rows, tiles);
    for (size_t i = 0; i < matrices(s); i++) {
      const char *matrix = (const char *)kernels + i * channels * filters * size;
      const char *then = i + 1 < matrices(s) ? matrix + channels * filters * size : (const char *)kernels;
      siamese_pointwise(
          &product, tiles + i * (size_t)rows * channels * size, matrix, 0, 0, siamese_pointwise_tiles(&product), first_block,
          block_count, then + (size_t)first_block * 16 * channels * size, products + i * (size_t)rows * filters);
    }
    gather(s, products, start, tile_count, rows, first_block, block_count, bias, adds, function, output);
  }
}
