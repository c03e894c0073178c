#define SIAMESE_LEVEL LEVEL_PORTABLE
#include "../include/CSiameseConvolutions.h"
