#include "CSiamesePixels.h"
#include <string.h>

// 22 fractional bits, of which 11 are in the low halves.
enum { split_bits = 11, fraction_bits = 22, half = 1 << (fraction_bits - 1) };

static uint8_t clamped(int32_t high, int32_t low) {
  int32_t value = (int32_t)((uint32_t)high << split_bits) + low;
  value = (value + half) >> fraction_bits;
  return value < 0 ? 0 : value > 255 ? 255 : (uint8_t)value;
}

#if defined(__SSE2__)
#include <emmintrin.h>

static __m128i rounded(__m128i high, __m128i low) {
  __m128i sum = _mm_add_epi32(_mm_slli_epi32(high, split_bits), low);
  return _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(half)), fraction_bits);
}

static void across_row(const uint8_t *row, const uint8_t *end, uint8_t *out, size_t target_width, const int32_t *starts,
                       const int32_t *pair_counts, const int16_t *pairs, size_t pair_stride) {
  const __m128i zero = _mm_setzero_si128();
  for (size_t x = 0; x < target_width; x++) {
    const uint8_t *pixel = row + 3 * (size_t)starts[x];
    const int16_t *pair = pairs + 16 * pair_stride * x;
    __m128i high = zero, low = zero;
    for (int32_t k = 0; k < pair_counts[x]; k++, pixel += 6, pair += 16) {
      __m128i two;
      if (end - pixel >= 8) {
        two = _mm_loadl_epi64((const __m128i *)pixel);
      } else {
        uint8_t last[8] = {0};
        memcpy(last, pixel, (size_t)(end - pixel));
        two = _mm_loadl_epi64((const __m128i *)last);
      }
      // r0 r1 g0 g1 b0 b1, 16 bits each; the last two are not used.
      __m128i both = _mm_unpacklo_epi8(_mm_unpacklo_epi8(two, _mm_srli_si128(two, 3)), zero);
      high = _mm_add_epi32(high, _mm_madd_epi16(both, _mm_loadu_si128((const __m128i *)pair)));
      low = _mm_add_epi32(low, _mm_madd_epi16(both, _mm_loadu_si128((const __m128i *)(pair + 8))));
    }
    __m128i value = rounded(high, low);
    value = _mm_packus_epi16(_mm_packs_epi32(value, value), zero);
    uint32_t rgb = (uint32_t)_mm_cvtsi128_si32(value);
    out[3 * x] = (uint8_t)rgb;
    out[3 * x + 1] = (uint8_t)(rgb >> 8);
    out[3 * x + 2] = (uint8_t)(rgb >> 16);
  }
}

static size_t down_blocks(const uint8_t *first, size_t row_width, int32_t available, uint8_t *out, int32_t pair_count,
                          const int16_t *pairs) {
  const __m128i zero = _mm_setzero_si128();
  size_t x = 0;
  for (; x + 16 <= row_width; x += 16) {
    __m128i high[4] = {zero, zero, zero, zero}, low[4] = {zero, zero, zero, zero};
    for (int32_t k = 0; k < pair_count; k++) {
      const uint8_t *upper = first + (size_t)(2 * k) * row_width + x;
      const uint8_t *lower = 2 * k + 1 < available ? upper + row_width : upper;
      __m128i a = _mm_loadu_si128((const __m128i *)upper), b = _mm_loadu_si128((const __m128i *)lower);
      __m128i left = _mm_unpacklo_epi8(a, b), right = _mm_unpackhi_epi8(a, b);
      __m128i part[4] = {_mm_unpacklo_epi8(left, zero), _mm_unpackhi_epi8(left, zero), _mm_unpacklo_epi8(right, zero),
                         _mm_unpackhi_epi8(right, zero)};
      __m128i highs = _mm_loadu_si128((const __m128i *)(pairs + 16 * k));
      __m128i lows = _mm_loadu_si128((const __m128i *)(pairs + 16 * k + 8));
      for (int i = 0; i < 4; i++) {
        high[i] = _mm_add_epi32(high[i], _mm_madd_epi16(part[i], highs));
        low[i] = _mm_add_epi32(low[i], _mm_madd_epi16(part[i], lows));
      }
    }
    __m128i left = _mm_packs_epi32(rounded(high[0], low[0]), rounded(high[1], low[1]));
    __m128i right = _mm_packs_epi32(rounded(high[2], low[2]), rounded(high[3], low[3]));
    _mm_storeu_si128((__m128i *)(out + x), _mm_packus_epi16(left, right));
  }
  return x;
}

#else

static void across_row(const uint8_t *row, const uint8_t *end, uint8_t *out, size_t target_width, const int32_t *starts,
                       const int32_t *pair_counts, const int16_t *pairs, size_t pair_stride) {
  for (size_t x = 0; x < target_width; x++) {
    for (int c = 0; c < 3; c++) {
      const uint8_t *pixel = row + 3 * (size_t)starts[x] + c;
      const int16_t *pair = pairs + 16 * pair_stride * x;
      int32_t high = 0, low = 0;
      for (int32_t k = 0; k < pair_counts[x]; k++, pixel += 6, pair += 16) {
        int32_t second = end - pixel > 3 ? pixel[3] : 0;
        high += pixel[0] * pair[0] + second * pair[1];
        low += pixel[0] * pair[8] + second * pair[9];
      }
      out[3 * x + c] = clamped(high, low);
    }
  }
}

static size_t down_blocks(const uint8_t *first, size_t row_width, int32_t available, uint8_t *out, int32_t pair_count,
                          const int16_t *pairs) {
  return 0;
}

#endif

void siamese_resample_across(const uint8_t *source, size_t source_width, size_t row_count, uint8_t *target,
                             size_t target_width, const int32_t *starts, const int32_t *pair_counts,
                             const int16_t *pairs, size_t pair_stride) {
  const uint8_t *end = source + 3 * source_width * row_count;
  for (size_t y = 0; y < row_count; y++)
    across_row(source + 3 * source_width * y, end, target + 3 * target_width * y, target_width, starts, pair_counts, pairs,
               pair_stride);
}

void siamese_resample_down(const uint8_t *source, size_t row_width, size_t row_count, uint8_t *target,
                           size_t target_height, const int32_t *starts, const int32_t *pair_counts,
                           const int16_t *pairs, size_t pair_stride) {
  for (size_t y = 0; y < target_height; y++) {
    const uint8_t *first = source + row_width * (size_t)starts[y];
    const int16_t *pair = pairs + 16 * pair_stride * y;
    int32_t available = (int32_t)row_count - starts[y];
    uint8_t *out = target + row_width * y;
    for (size_t x = down_blocks(first, row_width, available, out, pair_counts[y], pair); x < row_width; x++) {
      int32_t high = 0, low = 0;
      for (int32_t k = 0; k < pair_counts[y]; k++) {
        int32_t a = first[(size_t)(2 * k) * row_width + x];
        int32_t b = 2 * k + 1 < available ? first[(size_t)(2 * k + 1) * row_width + x] : 0;
        high += a * pair[16 * k] + b * pair[16 * k + 1];
        low += a * pair[16 * k + 8] + b * pair[16 * k + 9];
      }
      out[x] = clamped(high, low);
    }
  }
}
