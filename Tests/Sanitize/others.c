#include "support.h"

// Layer normalisation, and copies of channels.

static void test_normalization(siamese_level level, draws *d, const siamese_layer_normalization_shape *s) {
  array map = random_array(d, (size_t)(s->pixels * s->channels), s->is_bfloat16);
  array gamma = random_array(d, (size_t)s->channels, 0), beta = random_array(d, (size_t)s->channels, 0);
  array output = made(map.count, s->is_bfloat16);
  for (int part = 2; part >= 0; part--) {
    int first = s->pixels * part / 3, count = s->pixels * (part + 1) / 3 - first;
    siamese_layer_normalization(level, s, map.start, gamma.start, beta.start, first, count, output.start);
    for (int p = 0; p < first; p++)
      require(is_untouched(output, blocked(0, s->channels, 0, s->pixels, p)),
          "layer normalisation: wrote other pixels");
  }
  for (int p = 0; p < s->pixels; p++) {
    double mean = 0, variance = 0;
    for (int c = 0; c < s->channels; c++) mean += get(map, blocked(0, s->channels, c, s->pixels, p)) / s->channels;
    for (int c = 0; c < s->channels; c++)
      variance += pow(get(map, blocked(0, s->channels, c, s->pixels, p)) - mean, 2) / s->channels;
    for (int c = 0; c < s->channels; c++) {
      size_t at = blocked(0, s->channels, c, s->pixels, p);
      double scaled = (get(map, at) - mean) / sqrt(variance + s->epsilon);
      double value = scaled * get(gamma, (size_t)c) + get(beta, (size_t)c);
      expect(get(output, at), value, 1e-5, s->is_bfloat16, "layer normalisation");
    }
  }
  free(map.start);
  free(gamma.start);
  free(beta.start);
  free(output.start);
}

void test_layer_normalization(siamese_level level, int is_bfloat16) {
  draws d = {41 + (uint32_t)is_bfloat16};
  for (int i = 0; i < 60; i++) {
    siamese_layer_normalization_shape s = {PICK(&d, 1, 2, 7, 8, 9, 30), PICK(&d, 16, 32, 48, 160), is_bfloat16, 0};
    s.epsilon = (float)PICK(&d, 1, 100) * 1e-5f;
    draws numbers = {(uint32_t)i};
    test_normalization(level, &numbers, &s);
  }
}

void test_copy_channels(siamese_level level, int size) {
  draws d = {51 + (uint32_t)size};
  for (int i = 0; i < 200; i++) {
    int channels = PICK(&d, 1, 5, 16, 17, 33, 40), targets = PICK(&d, 3, 16, 20, 47);
    int positions = PICK(&d, 1, 2, 3, 35);
    int from = (int)(draw(&d) % (unsigned)channels), to = (int)(draw(&d) % (unsigned)targets);
    int most = channels - from < targets - to ? channels - from : targets - to;
    int count = (int)(draw(&d) % (unsigned)(most + 1));
    draws numbers = {(uint32_t)i};
    array source = random_array(&numbers, (size_t)((channels + 15) / 16 * 16 * positions), size == 2);
    array target = made((size_t)((targets + 15) / 16 * 16 * positions), size == 2);
    siamese_copy_channels(level, source.start, from, target.start, to, count, (size_t)positions, size);
    for (int p = 0; p < positions; p++)
      for (int c = 0; c < (targets + 15) / 16 * 16; c++) {
        size_t at = blocked(0, targets, c, positions, p);
        if (c < to || c >= to + count) require(is_untouched(target, at), "copies: wrote other channels");
        else
          require(get(target, at) == get(source, blocked(0, channels, c - to + from, positions, p)),
              "copies: not the channel's number");
      }
    free(source.start);
    free(target.start);
  }
}
