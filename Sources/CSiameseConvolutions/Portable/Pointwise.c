#define LEVEL 0
#include "../Bodies/Pointwise.h"
