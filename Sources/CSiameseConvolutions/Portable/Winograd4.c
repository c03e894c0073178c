#define LEVEL 0
#include "../Bodies/Winograd4.h"
