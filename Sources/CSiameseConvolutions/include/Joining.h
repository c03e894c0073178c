#pragma once
#include <stddef.h>

#include "Function.h"

/// Copies channels from one map in blocks of 16 channels to another, from which concatenations are made.

/// Copies channels `source_channel ..< source_channel + count` of one picture's map to channels `target_channel ...` of
/// another. `count` may be 0. All other lanes of the target stay as they are, padded ones too, and the source's are not
/// looked at.
///
/// - `source` and `target`: `[C/16][positions][16]`, each with its own count C of channels.
/// - `positions`: pixels of each map, height times width.
/// - `size`: bytes of an element, 2 or 4.
void siamese_copy_channels(
    siamese_level level, const void *source, int source_channel, void *target, int target_channel, int count,
    size_t positions, int size);
