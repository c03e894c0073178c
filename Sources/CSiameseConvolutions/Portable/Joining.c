#define LEVEL 0
#include "../Bodies/Joining.h"
