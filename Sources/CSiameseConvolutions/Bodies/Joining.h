#include "../include/Joining.h"

#include <stdint.h>
#include <string.h>

#include "Vectors.h"

#if LEVEL == LEVEL_AVX512
WIDE static void copy_lanes_wide(const char *source, char *target, int lanes, size_t positions, int size) {
  __mmask16 mask = (__mmask16)((1 << lanes) - 1);
  if (size == 4) {
    for (size_t p = 0; p < positions; p++)
      _mm512_mask_storeu_ps(target + 64 * p, mask, _mm512_maskz_loadu_ps(mask, source + 64 * p));
  } else {
    for (size_t p = 0; p < positions; p++)
      _mm256_mask_storeu_epi16(target + 32 * p, mask, _mm256_maskz_loadu_epi16(mask, source + 32 * p));
  }
}
#endif

/// `lanes` neighbouring channels, less than 16, of every pixel.
static void copy_lanes(const char *source, char *target, int lanes, size_t positions, int size) {
#if LEVEL == LEVEL_AVX512
  return copy_lanes_wide(source, target, lanes, positions, size);
#else
  for (size_t p = 0; p < positions; p++)
    memcpy(target + p * 16 * (size_t)size, source + p * 16 * (size_t)size, (size_t)lanes * (size_t)size);
#endif
}

void AT_LEVEL(copy_channels)(
    const void *source, int source_channel, void *target, int target_channel, int count, size_t positions, int size) {
  size_t pixel = 16 * (size_t)size, block = positions * pixel;
  while (count > 0) {
    int from = source_channel % 16, to = target_channel % 16;
    int lanes = 16 - (from > to ? from : to);
    if (lanes > count) lanes = count;
    const char *first = (const char *)source + (size_t)(source_channel / 16) * block + (size_t)from * (size_t)size;
    char *place = (char *)target + (size_t)(target_channel / 16) * block + (size_t)to * (size_t)size;
    if (lanes == 16) memcpy(place, first, block);
    else copy_lanes(first, place, lanes, positions, size);
    source_channel += lanes;
    target_channel += lanes;
    count -= lanes;
  }
}
