#pragma once
#include <hdf5.h>
#include <zlib.h>

// Macros over global variables: Swift imports neither.
static inline hid_t siamese_h5_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t siamese_h5_ieee_float(void) { return H5T_IEEE_F32LE; }
static inline hid_t siamese_h5_double(void) { return H5T_IEEE_F64LE; }
static inline hid_t siamese_h5_int64(void) { return H5T_STD_I64LE; }
static inline hid_t siamese_h5_string(void) { return H5T_C_S1; }
static inline hid_t siamese_h5_group_creation(void) { return H5P_GROUP_CREATE; }
static inline hid_t siamese_h5_data_creation(void) { return H5P_DATASET_CREATE; }
static inline hid_t siamese_h5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t siamese_h5_file_creation(void) { return H5P_FILE_CREATE; }
static inline hid_t siamese_h5_link_creation(void) { return H5P_LINK_CREATE; }

// Macros with a cast or a check inside.
static inline unsigned siamese_h5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned siamese_h5_read_write(void) { return H5F_ACC_RDWR; }
static inline unsigned siamese_h5_exclusive(void) { return H5F_ACC_TRUNC; }
static inline size_t siamese_h5_variable(void) { return H5T_VARIABLE; }
static inline haddr_t siamese_h5_no_address(void) { return HADDR_UNDEF; }
static inline hid_t siamese_h5_whole_space(void) { return H5S_ALL; }

// `H5Literate` and `H5Lget_info` are functions in 1.10 and macros from 1.12 on.
typedef void (*siamese_h5_name)(const char *name, int is_hard, void *context);
struct siamese_h5_visit { siamese_h5_name each; void *context; };
static inline herr_t siamese_h5_visit_link(hid_t group, const char *name, const H5L_info_t *info, void *visit) {
  (void)group;
  struct siamese_h5_visit *to = (struct siamese_h5_visit *)visit;
  to->each(name, info->type == H5L_TYPE_HARD, to->context);
  return 0;
}
static inline herr_t siamese_h5_each_link(hid_t group, int by_creation, siamese_h5_name each, void *context) {
  struct siamese_h5_visit visit = {each, context};
  hsize_t position = 0;
  return H5Literate(
      group, by_creation ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME, H5_ITER_INC, &position, siamese_h5_visit_link, &visit);
}
static inline int siamese_h5_is_hard_link(hid_t file, const char *path) {
  H5L_info_t info;
  return H5Lexists(file, path, H5P_DEFAULT) > 0 && H5Lget_info(file, path, &info, H5P_DEFAULT) >= 0 &&
         info.type == H5L_TYPE_HARD;
}
