#include "support.h"

/// A shape, and what else a call may vary.
typedef struct {
  siamese_first_shape shape;
  int has_bias;
} first_case;

static first_case draw_case(draws *d, siamese_product_kind kind) {
  for (;;) {
    first_case c;
    siamese_first_shape *s = &c.shape;
    s->kind = kind;
    s->stride = PICK(d, 1, 2);
    s->height = PICK(d, 1, 2, 5, 9);
    s->width = PICK(d, 1, 13, 17, 30, 53);
    s->window_height = PICK(d, 1, 2, 3, 5, 7);
    s->window_width = PICK(d, 1, 2, 3, 5, 11);
    s->top = PICK(d, 0, 1, 3, 12);
    s->left = PICK(d, 0, 1, 3, 12);
    int after = PICK(d, 0, 1, 2, 12);
    int rows = s->height + s->top + after - s->window_height, columns = s->width + s->left + after - s->window_width;
    s->output_height = rows / s->stride + 1;
    s->output_width = columns / s->stride + 1;
    s->filters = PICK(d, 1, 5, 16, 17, 33, 40);
    s->function = draw_function(d);
    c.has_bias = PICK(d, 0, 1);
    int products = s->output_height * s->output_width * s->filters * s->window_height * s->window_width * 3;
    if (rows >= 0 && s->output_width >= 13 && products <= 400000) return c;
  }
}

/// The convolution's sum at one output, with pictures and weights of bfloat16 where products are.
static double sum_at(
    const siamese_first_shape *s, array picture, array weights, size_t weight_block, int y, int x, int filter,
    double *magnitude) {
  int is_bfloat16 = weights.is_bfloat16, row_length = (s->window_width * 3 + is_bfloat16) / (1 + is_bfloat16) * (1 +
      is_bfloat16);
  double sum = 0;
  for (int ky = 0; ky < s->window_height; ky++)
    for (int k = 0; k < s->window_width * 3; k++) {
      int row = y * s->stride - s->top + ky, column = x * s->stride - s->left + k / 3;
      if (row < 0 || column < 0 || row >= s->height || column >= s->width) continue;
      float input = get(picture, (size_t)((row * s->width + column) * 3 + k % 3));
      int depth = ky * row_length + k;
      size_t place = (size_t)(filter / 16) * weight_block
          + (size_t)(is_bfloat16 ? depth / 2 * 32 + filter % 16 * 2 + depth % 2 : depth * 16 + filter % 16);
      double product = (double)(is_bfloat16 ? float_of(bfloat16_of(input)) : input) * get(weights, place);
      sum += product;
      *magnitude += fabs(product);
    }
  return sum;
}

static void test_case(siamese_level level, draws *d, const first_case *c) {
  const siamese_first_shape *s = &c->shape;
  int is_bfloat16 = s->kind != siamese_floats, makes_bfloat16 = s->kind == siamese_bfloat16;
  int row = siamese_first_row(level, s), depth = s->window_height * row, filters = (s->filters + 15) / 16 * 16;
  int pixels = s->output_height * s->output_width;
  // Blocks of weights with a gap between them, but none after the last.
  size_t weight_block = (size_t)depth * 16 + 32, weight_count = (size_t)(filters / 16 - 1) * weight_block +
      (size_t)depth * 16;
  array picture = random_array(d, (size_t)(s->height * s->width * 3), 0), bias = random_array(d, (size_t)filters, 0);
  array weights = random_array(d, weight_count, is_bfloat16);
  array output = made((size_t)(filters * pixels), makes_bfloat16);
  for (int f = 0; f < filters; f++)
    for (int k = 0; k < depth; k++) {
      size_t place = (size_t)(f / 16) * weight_block
          + (size_t)(is_bfloat16 ? k / 2 * 32 + f % 16 * 2 + k % 2 : k * 16 + f % 16);
      if (f >= s->filters) set(weights, place, NAN);
      else if (k % row >= s->window_width * 3) set(weights, place, 0);
    }
  for (int f = s->filters; f < filters; f++) set(bias, (size_t)f, NAN);
  for (int part = 2; part >= 0; part--) {
    int first = s->output_height * part / 3, rows = s->output_height * (part + 1) / 3 - first;
    if (rows == 0) continue;
    void *scratch = malloc(siamese_first_scratch(level, s, rows));
    siamese_first(level, s, picture.start, weights.start, weight_block, c->has_bias ? bias.start : NULL, first,
                  rows, scratch, output.start);
    free(scratch);
    for (int p = 0; p < first * s->output_width; p++)
      require(is_untouched(output, blocked(0, filters, 0, pixels, p)), "first: wrote rows that were not asked for");
  }
  for (int f = 0; f < s->filters; f++)
    for (int p = 0; p < pixels; p++) {
      double magnitude = 1, offset = c->has_bias ? get(bias, (size_t)f) : 0;
      double sum = sum_at(s, picture, weights, weight_block, p / s->output_width, p % s->output_width, f, &magnitude);
      expect(get(output, blocked(0, filters, f, pixels, p)), function_of(s->function, sum + offset), 4e-7 * magnitude,
             makes_bfloat16, "first");
    }
  free(picture.start);
  free(bias.start);
  free(weights.start);
  free(output.start);
}

void test_first(siamese_level level, siamese_product_kind kind) {
  draws d = {21 + (uint32_t)kind};
  for (int i = 0; i < 60; i++) {
    first_case c = draw_case(&d, kind);
    draws numbers = {(uint32_t)i};
    test_case(level, &numbers, &c);
  }
}
