#include "support.h"

/// A shape, and what else a call may vary: `lanes` channels are real, the rest of the 16 are padded.
typedef struct {
  siamese_depthwise_shape shape;
  int lanes, has_bias, averages;
} depthwise_case;

static depthwise_case draw_case(draws *d, siamese_depthwise_kind kind) {
  for (;;) {
    depthwise_case c;
    siamese_depthwise_shape *s = &c.shape;
    s->kind = kind;
    s->kernel = PICK(d, 3, 5, 7);
    s->stride = PICK(d, 1, 2);
    s->height = PICK(d, 1, 2, 5, 8, 17);
    s->width = PICK(d, 1, 2, 7, 15, 29);
    s->top = PICK(d, 0, 1, 3, 9);
    s->left = PICK(d, 0, 1, 3, 9);
    int after = PICK(d, 0, 1, 2, 9);
    int rows = s->height + s->top + after - s->kernel, columns = s->width + s->left + after - s->kernel;
    s->output_height = rows / s->stride + 1;
    s->output_width = columns / s->stride + 1;
    s->pixel = (size_t)PICK(d, 16, 40);
    s->output_pixel = (size_t)PICK(d, 16, 24);
    s->before = draw_function(d);
    s->after = draw_function(d);
    c.lanes = PICK(d, 1, 5, 16);
    c.has_bias = PICK(d, 0, 1);
    c.averages = PICK(d, 0, 1);
    if (rows >= 0 && columns >= 0) return c;
  }
}

/// The sum under one window, and the sum of what was added, without signs.
static double sum_at(
    const siamese_depthwise_shape *s, array map, array weights, int y, int x, int lane, double *magnitude) {
  double sum = 0;
  for (int ky = 0; ky < s->kernel; ky++)
    for (int kx = 0; kx < s->kernel; kx++) {
      int row = y * s->stride - s->top + ky, column = x * s->stride - s->left + kx;
      if (row < 0 || column < 0 || row >= s->height || column >= s->width) continue;
      double input = function_of(s->before, get(map, (size_t)(row * s->width + column) * s->pixel + (size_t)lane));
      double product = input * get(weights, (size_t)((ky * s->kernel + kx) * 16 + lane));
      sum += product;
      *magnitude += fabs(product);
    }
  return sum;
}

static void test_case(siamese_level level, draws *d, const depthwise_case *c) {
  const siamese_depthwise_shape *s = &c->shape;
  int reads_bfloat16 = s->kind == siamese_depthwise_bfloat16, makes_bfloat16 = s->kind != siamese_depthwise_floats;
  size_t pixels = (size_t)(s->height * s->width), output_pixels = (size_t)(s->output_height * s->output_width);
  // Exactly what is read and written: the last pixel ends with its 16 channels.
  array map = random_array(d, (pixels - 1) * s->pixel + 16, reads_bfloat16);
  array weights = random_array(d, (size_t)(s->kernel * s->kernel * 16), 0), bias = random_array(d, 16, 0);
  array output = made((output_pixels - 1) * s->output_pixel + 16, makes_bfloat16), average = made(16, makes_bfloat16);
  array scratch = made(siamese_depthwise_scratch(level, s), 0);
  for (size_t lane = (size_t)c->lanes; lane < 16; lane++) {
    for (size_t p = 0; p < pixels; p++) set(map, p * s->pixel + lane, NAN);
    for (size_t k = 0; k < (size_t)(s->kernel * s->kernel); k++) set(weights, 16 * k + lane, NAN);
    set(bias, lane, NAN);
  }
  siamese_depthwise(level, s, map.start, weights.start, c->has_bias ? bias.start : NULL, scratch.start, output.start,
                    c->averages ? average.start : NULL);
  // Functions of bfloat16 are good to 2^-12 before the sum too.
  double relative = reads_bfloat16 ? 1.0 / 2048 : 2e-6;
  for (int lane = 0; lane < c->lanes; lane++) {
    double total = 0;
    for (int y = 0; y < s->output_height; y++)
      for (int x = 0; x < s->output_width; x++) {
        double magnitude = 1, offset = c->has_bias ? get(bias, (size_t)lane) : 0;
        double value = function_of(s->after, sum_at(s, map, weights, y, x, lane, &magnitude) + offset);
        size_t at = (size_t)(y * s->output_width + x) * s->output_pixel + (size_t)lane;
        expect(get(output, at), value, relative * magnitude, makes_bfloat16, "depthwise");
        total += value;
      }
    if (c->averages)
      expect(get(average, (size_t)lane), total / (double)output_pixels, makes_bfloat16 ? 2e-3 : 1e-5,
          makes_bfloat16, "average");
  }
  for (size_t i = 0; i < output.count; i++)
    require(i % s->output_pixel < 16 || is_untouched(output, i), "depthwise: wrote between pixels");
  free(map.start);
  free(weights.start);
  free(bias.start);
  free(output.start);
  free(average.start);
  free(scratch.start);
}

void test_depthwise(siamese_level level, siamese_depthwise_kind kind) {
  draws d = {11 + (uint32_t)kind};
  for (int i = 0; i < 60; i++) {
    depthwise_case c = draw_case(&d, kind);
    draws numbers = {(uint32_t)i};
    test_case(level, &numbers, &c);
  }
}
