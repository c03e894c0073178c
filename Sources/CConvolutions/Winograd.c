#include "Winograd.h"

int siamese_winograd_tiles(const siamese_winograd_shape *s, int extent) {
  return ((s->output_height + extent - 1) / extent) * ((s->output_width + extent - 1) / extent);
}

size_t siamese_winograd_scratch(const siamese_winograd_shape *s, int matrices, int rows) {
  return 4 * (size_t)matrices * (size_t)rows * (size_t)(s->channels + s->filters);
}

void siamese_winograd_products(
    const siamese_winograd_shape *s, siamese_pointwise_kind kind, int matrices, int rows, const void *tiles,
    const void *kernels, float *products) {
  siamese_pointwise_shape shape = {
      .kind = kind, .height = 1, .width = rows, .output_height = 1, .output_width = rows, .stride = 1,
      .blocks = s->channels / 16, .output_blocks = s->filters / 16,
      .function = {.kind = siamese_limited, .low = -__builtin_inff(), .high = __builtin_inff()}};
  size_t size = kind == siamese_floats ? 4 : 2, channels = (size_t)s->channels, filters = (size_t)s->filters;
  for (size_t i = 0; i < (size_t)matrices; i++)
    siamese_pointwise(
        &shape, (const char *)tiles + i * (size_t)rows * channels * size,
        (const char *)kernels + i * channels * filters * size, 0, 0, siamese_pointwise_tiles(&shape), 0, shape.output_blocks,
        products + i * (size_t)rows * filters);
}
