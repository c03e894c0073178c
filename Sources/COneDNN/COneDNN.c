#include "COneDNN.h"

extern void omp_set_num_threads(int);

void siamese_set_thread_count(int count) { omp_set_num_threads(count); }
