#if defined(__x86_64__)
#define SIAMESE_LEVEL LEVEL_AVX512
#include "../include/CSiameseConvolutions.h"
#endif
