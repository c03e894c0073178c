#pragma once
#include <stddef.h>

#include "Function.h"

/// Copies `count` channels of one picture between maps whose channels lie in blocks of 16, from `source_channel` on in one to
/// `target_channel` on in the other: `positions` pixels of elements of `size` bytes, 2 or 4. Other channels stay as they are.
void siamese_copy_channels(
    siamese_level level, const void *source, int source_channel, void *target, int target_channel, int count, size_t positions, int size);
