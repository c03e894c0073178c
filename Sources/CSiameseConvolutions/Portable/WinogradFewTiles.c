#define LEVEL 0
#include "../Bodies/WinogradFewTiles.h"
