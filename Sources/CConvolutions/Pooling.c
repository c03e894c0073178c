#include "Pooling.h"

#include "Vectors.h"

/// One row of the output, all of its blocks: what they read lies together.
INLINE void max_pool(const siamese_pooling_shape *s, const void *map, int y, void *output, int is_half) {
  int top = y * s->vertical_stride - s->top, bottom = top + s->window_height;
  if (top < 0) top = 0;
  if (bottom > s->height) bottom = s->height;
  size_t pixel = 16 * (size_t)s->blocks, plane = (size_t)s->output_height * (size_t)s->output_width * 16;
  for (int x = 0; x < s->output_width; x++) {
    int left = x * s->horizontal_stride - s->left, right = left + s->window_width;
    if (left < 0) left = 0;
    if (right > s->width) right = s->width;
    for (int block = 0; block < s->blocks; block++) {
      vector largest = (vector){0} - __builtin_inff();
      for (int row = top; row < bottom; row++)
        for (int column = left; column < right; column++) {
          vector value;
          size_t offset = ((size_t)row * (size_t)s->width + (size_t)column) * pixel + 16 * (size_t)block;
          load(map, offset, is_half, &value);
          largest = __builtin_elementwise_max(largest, value);
        }
      store(output, (size_t)block * plane + ((size_t)y * (size_t)s->output_width + (size_t)x) * 16, is_half, &largest);
    }
  }
}

WIDE static void max_pool_floats(const siamese_pooling_shape *s, const void *map, int y, void *output) {
  max_pool(s, map, y, output, 0);
}
WIDE static void max_pool_halves(const siamese_pooling_shape *s, const void *map, int y, void *output) {
  max_pool(s, map, y, output, 1);
}

void siamese_max_pool(const siamese_pooling_shape *s, const void *map, int y, void *output) {
  (s->is_half ? max_pool_halves : max_pool_floats)(s, map, y, output);
}
