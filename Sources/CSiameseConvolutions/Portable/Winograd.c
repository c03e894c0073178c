#define LEVEL 0
#include "../Bodies/Winograd.h"
