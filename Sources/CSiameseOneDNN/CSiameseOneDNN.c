#include "CSiameseOneDNN.h"

#include <stdlib.h>
#include <string.h>

extern void omp_set_num_threads(int);
extern int omp_get_max_threads(void);

void siamese_set_thread_count(int count) { omp_set_num_threads(count); }
int siamese_thread_count(void) { return omp_get_max_threads(); }

int siamese_processor_level(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return 2;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 1;
#endif
  return 0;
}

int siamese_limit_level(int level) {
  dnnl_cpu_isa_t isa = level == 2 ? dnnl_cpu_isa_all : level == 1 ? dnnl_cpu_isa_avx2 : dnnl_cpu_isa_sse41;
  return dnnl_set_max_cpu_isa(isa) == dnnl_success;
}

int siamese_level_in_force(void) {
#if defined(__x86_64__)
  int isa = dnnl_get_effective_cpu_isa(), own = siamese_processor_level();
  // oneDNN's numbers are masks in which each set of instructions holds those before it.
  int has_avx512 = (isa & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core;
  int theirs = has_avx512 ? 2 : (isa & dnnl_cpu_isa_avx2) == dnnl_cpu_isa_avx2;
  return theirs < own ? theirs : own;
#else
  return 0;
#endif
}

int siamese_has_bfloat16(void) {
#if defined(__x86_64__)
  return siamese_level_in_force() == 2 && __builtin_cpu_supports("avx512bf16")
      && (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
#else
  return 0;
#endif
}

// What compilers turn `#pragma omp parallel` into; the pragma itself would need a flag that packages may not set.
extern void GOMP_parallel(void (*region)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);

struct parallel_work {
  int parts;
  void *context;
  void (*body)(int, void *);
};

static void parallel_region(void *data) {
  const struct parallel_work *work = data;
  for (int i = omp_get_thread_num(); i < work->parts; i += omp_get_num_threads()) work->body(i, work->context);
}

void siamese_parallel(int parts, void *context, void (*body)(int, void *)) {
  struct parallel_work work = {parts, context, body};
  GOMP_parallel(parallel_region, &work, 0, 0);
}

const char *siamese_implementation_name(const_dnnl_primitive_desc_t description) {
  const char *name = "";
  dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name);
  return name;
}

/// A window in arrays as long as oneDNN declares them.
typedef struct {
  dnnl_dims_t extent, strides, dilations, before, after;
} wide_window;

static wide_window widened(const siamese_window *window) {
  wide_window wide;
  memset(&wide, 0, sizeof wide);
  for (int i = 0; i < 2; i++) {
    wide.extent[i] = window->extent[i];
    wide.strides[i] = window->strides[i];
    wide.dilations[i] = window->dilations[i];
    wide.before[i] = window->before[i];
    wide.after[i] = window->after[i];
  }
  return wide;
}

#if DNNL_VERSION_MAJOR < 3

// MARK: Version 2

static dnnl_memory_desc_t *descriptor(siamese_layout layout) { return (dnnl_memory_desc_t *)layout; }

static siamese_layout kept(const dnnl_memory_desc_t *source, dnnl_status_t status) {
  if (status != dnnl_success || source == NULL || source->ndims == 0) return NULL;
  dnnl_memory_desc_t *copy = malloc(sizeof *copy);
  if (copy != NULL) *copy = *source;
  return (siamese_layout)copy;
}

siamese_layout siamese_layout_strided(int rank, const int64_t *extents, dnnl_data_type_t type, const int64_t *strides) {
  dnnl_memory_desc_t made;
  dnnl_status_t status = strides == NULL
      ? dnnl_memory_desc_init_by_tag(&made, rank, extents, type, dnnl_format_tag_any)
      : dnnl_memory_desc_init_by_strides(&made, rank, extents, type, strides);
  return kept(&made, status);
}

siamese_layout siamese_layout_tagged(int rank, const int64_t *extents, dnnl_data_type_t type, dnnl_format_tag_t tag) {
  dnnl_memory_desc_t made;
  dnnl_status_t status = dnnl_memory_desc_init_by_tag(&made, rank, extents, type, tag);
  return kept(&made, status);
}

siamese_layout siamese_layout_part(siamese_layout whole, const int64_t *extents, const int64_t *offsets) {
  dnnl_memory_desc_t made;
  dnnl_status_t status = dnnl_memory_desc_init_submemory(&made, descriptor(whole), extents, offsets);
  return kept(&made, status);
}

siamese_layout siamese_layout_query(const_dnnl_primitive_desc_t description, dnnl_query_t query, int index) {
  return kept(dnnl_primitive_desc_query_md(description, query, index), dnnl_success);
}

void siamese_layout_destroy(siamese_layout layout) { free(layout); }
int siamese_layout_equal(siamese_layout a, siamese_layout b) {
  return dnnl_memory_desc_equal(descriptor(a), descriptor(b));
}
size_t siamese_layout_size(siamese_layout layout) { return dnnl_memory_desc_get_size(descriptor(layout)); }
int siamese_layout_rank(siamese_layout layout) { return descriptor(layout)->ndims; }
int64_t siamese_layout_extent(siamese_layout layout, int axis) { return descriptor(layout)->dims[axis]; }
dnnl_data_type_t siamese_layout_type(siamese_layout layout) { return descriptor(layout)->data_type; }
dnnl_status_t siamese_memory_create(
    dnnl_memory_t *memory, siamese_layout layout, dnnl_engine_t engine, void *pointer) {
  return dnnl_memory_create(memory, descriptor(layout), engine, pointer);
}

dnnl_status_t siamese_append_sum(dnnl_post_ops_t operations, float scale) {
  return dnnl_post_ops_append_sum(operations, scale);
}
dnnl_status_t siamese_append_eltwise(dnnl_post_ops_t operations, dnnl_alg_kind_t kind, float alpha, float beta) {
  return dnnl_post_ops_append_eltwise(operations, 1, kind, alpha, beta);
}
/// The description number `request.skip` that oneDNN has for the operation at `operation`.
static dnnl_status_t described(siamese_result result, siamese_request request, const void *operation) {
  if (request.skip == 0)
    return dnnl_primitive_desc_create(result, operation, request.attributes, request.engine, request.forward);
  dnnl_primitive_desc_iterator_t iterator;
  dnnl_status_t status =
      dnnl_primitive_desc_iterator_create(&iterator, operation, request.attributes, request.engine, request.forward);
  for (int i = 0; i < request.skip && status == dnnl_success; i++) status = dnnl_primitive_desc_iterator_next(iterator);
  if (status == dnnl_success) {
    *result = dnnl_primitive_desc_iterator_fetch(iterator);
    if (*result == NULL) status = dnnl_out_of_memory;
  }
  dnnl_primitive_desc_iterator_destroy(iterator);
  return status;
}

/// Initialises an operation descriptor of type `kind` by `call`, and describes it.
#define DESCRIBE(kind, call)                                  \
  kind operation;                                             \
  dnnl_status_t status = call;                                \
  if (status != dnnl_success) return status;                  \
  return described(result, request, &operation);

dnnl_status_t siamese_reorder(siamese_result result, siamese_request request, siamese_layout from, siamese_layout to) {
  return dnnl_reorder_primitive_desc_create(
      result, descriptor(from), request.engine, descriptor(to), request.engine, request.attributes);
}

dnnl_status_t siamese_concat(
    siamese_result result, siamese_request request, siamese_layout to, int axis, int count,
    const siamese_layout *from) {
  dnnl_memory_desc_t *sources = malloc(sizeof *sources * (size_t)count);
  if (sources == NULL) return dnnl_out_of_memory;
  for (int i = 0; i < count; i++) sources[i] = *descriptor(from[i]);
  dnnl_status_t status = dnnl_concat_primitive_desc_create(
      result, descriptor(to), count, axis, sources, request.attributes, request.engine);
  free(sources);
  return status;
}

dnnl_status_t siamese_convolution_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, dnnl_alg_kind_t algorithm,
    siamese_layout source, siamese_layout weights, siamese_layout bias, siamese_layout destination,
    const siamese_window *window) {
  wide_window wide = widened(window);
  DESCRIBE(dnnl_convolution_desc_t,
      dnnl_dilated_convolution_forward_desc_init(
          &operation, direction, algorithm, descriptor(source), descriptor(weights), descriptor(bias),
          descriptor(destination), wide.strides, wide.dilations, wide.before, wide.after))
}

dnnl_status_t siamese_convolution_backward_data(
    siamese_result result, siamese_request request, dnnl_alg_kind_t algorithm, siamese_layout source_gradient,
    siamese_layout weights, siamese_layout destination_gradient, const siamese_window *window) {
  wide_window wide = widened(window);
  DESCRIBE(dnnl_convolution_desc_t,
      dnnl_dilated_convolution_backward_data_desc_init(
          &operation, algorithm, descriptor(source_gradient), descriptor(weights), descriptor(destination_gradient),
          wide.strides, wide.dilations, wide.before, wide.after))
}

dnnl_status_t siamese_convolution_backward_weights(
    siamese_result result, siamese_request request, dnnl_alg_kind_t algorithm, siamese_layout source,
    siamese_layout weights_gradient, siamese_layout bias_gradient, siamese_layout destination_gradient,
    const siamese_window *window) {
  wide_window wide = widened(window);
  DESCRIBE(dnnl_convolution_desc_t,
      dnnl_dilated_convolution_backward_weights_desc_init(
          &operation, algorithm, descriptor(source), descriptor(weights_gradient), descriptor(bias_gradient),
          descriptor(destination_gradient), wide.strides, wide.dilations, wide.before, wide.after))
}

dnnl_status_t siamese_inner_product_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, siamese_layout source,
    siamese_layout weights, siamese_layout bias, siamese_layout destination) {
  DESCRIBE(dnnl_inner_product_desc_t,
      dnnl_inner_product_forward_desc_init(
          &operation, direction, descriptor(source), descriptor(weights), descriptor(bias), descriptor(destination)))
}

dnnl_status_t siamese_pooling_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, dnnl_alg_kind_t algorithm,
    siamese_layout source, siamese_layout destination, const siamese_window *window) {
  wide_window wide = widened(window);
  DESCRIBE(dnnl_pooling_v2_desc_t,
      dnnl_pooling_v2_forward_desc_init(
          &operation, direction, algorithm, descriptor(source), descriptor(destination), wide.strides,
          wide.extent, wide.dilations, wide.before, wide.after))
}

dnnl_status_t siamese_pooling_backward(
    siamese_result result, siamese_request request, dnnl_alg_kind_t algorithm, siamese_layout source_gradient,
    siamese_layout destination_gradient, const siamese_window *window) {
  wide_window wide = widened(window);
  DESCRIBE(dnnl_pooling_v2_desc_t,
      dnnl_pooling_v2_backward_desc_init(
          &operation, algorithm, descriptor(source_gradient), descriptor(destination_gradient), wide.strides,
          wide.extent, wide.dilations, wide.before, wide.after))
}

dnnl_status_t siamese_eltwise_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, dnnl_alg_kind_t kind,
    siamese_layout data, float alpha, float beta) {
  DESCRIBE(dnnl_eltwise_desc_t,
      dnnl_eltwise_forward_desc_init(&operation, direction, kind, descriptor(data), alpha, beta))
}

dnnl_status_t siamese_eltwise_backward(
    siamese_result result, siamese_request request, dnnl_alg_kind_t kind, siamese_layout gradient,
    siamese_layout data, float alpha, float beta) {
  DESCRIBE(dnnl_eltwise_desc_t,
      dnnl_eltwise_backward_desc_init(&operation, kind, descriptor(gradient), descriptor(data), alpha, beta))
}

dnnl_status_t siamese_binary(
    siamese_result result, siamese_request request, dnnl_alg_kind_t kind, siamese_layout first,
    siamese_layout second, siamese_layout destination) {
  DESCRIBE(dnnl_binary_desc_t,
      dnnl_binary_desc_init(&operation, kind, descriptor(first), descriptor(second), descriptor(destination)))
}

dnnl_status_t siamese_softmax_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, siamese_layout source,
    siamese_layout destination, int axis) {
  DESCRIBE(dnnl_softmax_v2_desc_t,
      dnnl_softmax_v2_forward_desc_init(
          &operation, direction, dnnl_softmax_accurate, descriptor(source), descriptor(destination), axis))
}

dnnl_status_t siamese_local_response_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, siamese_layout data, int64_t size,
    float alpha, float beta, float bias) {
  DESCRIBE(dnnl_lrn_desc_t,
      dnnl_lrn_forward_desc_init(
          &operation, direction, dnnl_lrn_across_channels, descriptor(data), size, alpha, beta, bias))
}

dnnl_status_t siamese_batch_normalization_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, siamese_layout data, float epsilon,
    unsigned flags) {
  DESCRIBE(dnnl_batch_normalization_desc_t,
      dnnl_batch_normalization_forward_desc_init(&operation, direction, descriptor(data), epsilon, flags))
}

dnnl_status_t siamese_batch_normalization_backward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, siamese_layout gradient,
    siamese_layout data, float epsilon, unsigned flags) {
  DESCRIBE(dnnl_batch_normalization_desc_t,
      dnnl_batch_normalization_backward_desc_init(
          &operation, direction, descriptor(gradient), descriptor(data), epsilon, flags))
}

dnnl_status_t siamese_layer_normalization_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, siamese_layout data,
    siamese_layout statistics, float epsilon, unsigned flags) {
  DESCRIBE(dnnl_layer_normalization_desc_t,
      dnnl_layer_normalization_forward_desc_init(
          &operation, direction, descriptor(data), descriptor(statistics), epsilon, flags))
}

dnnl_status_t siamese_resampling_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, dnnl_alg_kind_t kind,
    siamese_layout source, siamese_layout destination) {
  DESCRIBE(dnnl_resampling_desc_t,
      dnnl_resampling_forward_desc_init(
          &operation, direction, kind, NULL, descriptor(source), descriptor(destination)))
}

dnnl_alg_kind_t siamese_eltwise_softplus(void) { return dnnl_eltwise_soft_relu; }

#else
#error "oneDNN 3 has no branch here yet"
#endif
