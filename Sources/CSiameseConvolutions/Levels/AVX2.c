#if defined(__x86_64__)
#define SIAMESE_LEVEL LEVEL_AVX2
#include "../include/CSiameseConvolutions.h"
#endif
