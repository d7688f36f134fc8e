// The arithmetic of training in the page, for WebAssembly with its 128-bit vectors: convolutions forward and backward, batch
// norm, the residual sum, pooling, the classifier, SGD. `wasm.js` decides what is computed when; nothing is kept here.
//
// Images lie as (image, row, column, channel), with a border of one pixel of zeros around each: a 3x3 window of an image is
// then three runs of 3 * channels numbers, and a convolution a product of matrices without any copy of its input.
// Numbers of channels that are written are multiples of 8. Compiled by `make_engine.py` into `kernels.json`.

#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define LOAD wasm_v128_load
#define SPLAT wasm_v128_load32_splat

typedef v128_t vec;

static inline vec mad(vec sum, vec a, vec b) { return wasm_f32x4_add(sum, wasm_f32x4_mul(a, b)); }

// Where JavaScript may begin to lay out its arrays.
extern unsigned char __heap_base;
EXPORT(heap) unsigned heap(void) { return (unsigned)&__heap_base; }

// y[pixel][c] (+)= sum over the runs of a window a[pixel] of a[k] * panels[c / 8][k][c % 8].
// `a` steps by `a_image`, `a_row`, `a_column` from one output pixel to the next, `y` by its own; a window is `runs` runs of
// `length` numbers, `run_step` apart. The data gradient of a convolution is one as well, with other panels.
EXPORT(windows)
void windows(const float *a, int a_image, int a_row, int a_column, int runs, int run_step, int length,
             const float *panels, int channels, float *y, int y_image, int y_row, int y_column,
             int images, int rows, int columns, int accumulate) {
  const int pixels = images * rows * columns, deep = runs * length * 8;
  for (int c = 0; c < channels; c += 8, panels += deep) {
    int n = 0, i = 0, j = 0;
    for (int pixel = 0; pixel < pixels; pixel += 4) {
      const float *from[4];
      float *to[4];
      const int count = pixels - pixel < 4 ? pixels - pixel : 4;
      for (int t = 0; t < 4; t += 1) {
        if (t < count) {
          from[t] = a + n * a_image + i * a_row + j * a_column;
          to[t] = y + n * y_image + i * y_row + j * y_column + c;
          if (++j == columns) { j = 0; if (++i == rows) { i = 0; n += 1; } }
        } else { from[t] = from[0]; to[t] = to[0]; }
      }
      vec s00, s01, s10, s11, s20, s21, s30, s31;
      if (accumulate) {
        s00 = LOAD(to[0]); s01 = LOAD(to[0] + 4); s10 = LOAD(to[1]); s11 = LOAD(to[1] + 4);
        s20 = LOAD(to[2]); s21 = LOAD(to[2] + 4); s30 = LOAD(to[3]); s31 = LOAD(to[3] + 4);
      } else s00 = s01 = s10 = s11 = s20 = s21 = s30 = s31 = wasm_f32x4_splat(0);
      const float *w = panels;
      for (int r = 0; r < runs; r += 1) {
        const float *a0 = from[0] + r * run_step, *a1 = from[1] + r * run_step;
        const float *a2 = from[2] + r * run_step, *a3 = from[3] + r * run_step;
        for (int k = 0; k < length; k += 1, w += 8) {
          const vec w0 = LOAD(w), w1 = LOAD(w + 4);
          vec x = SPLAT(a0 + k);
          s00 = mad(s00, x, w0); s01 = mad(s01, x, w1);
          x = SPLAT(a1 + k);
          s10 = mad(s10, x, w0); s11 = mad(s11, x, w1);
          x = SPLAT(a2 + k);
          s20 = mad(s20, x, w0); s21 = mad(s21, x, w1);
          x = SPLAT(a3 + k);
          s30 = mad(s30, x, w0); s31 = mad(s31, x, w1);
        }
      }
      // The last first: where fewer than four pixels are left, the others hold the first one's sums again.
      wasm_v128_store(to[3], s30); wasm_v128_store(to[3] + 4, s31);
      wasm_v128_store(to[2], s20); wasm_v128_store(to[2] + 4, s21);
      wasm_v128_store(to[1], s10); wasm_v128_store(to[1] + 4, s11);
      wasm_v128_store(to[0], s00); wasm_v128_store(to[0] + 4, s01);
    }
  }
}

// dw[k][c] += sum over pixels of a[pixel][k] * d[pixel][c]: the weight gradient of a convolution, k over all runs of a window.
// `scratch` has room for two numbers a pixel of a block of images.
EXPORT(outer_products)
void outer_products(const float *a, int a_image, int a_row, int a_column, int runs, int run_step, int length,
                    const float *d, int d_image, int d_row, int d_column, int channels, float *dw,
                    int images, int rows, int columns, int *scratch) {
  // As many images at once as keep their numbers in the nearest cache.
  const int per_image = rows * columns, block = per_image >= 128 ? 1 : 128 / per_image;
  for (int first = 0; first < images; first += block) {
    int pixels = 0;
    for (int n = first; n < first + block && n < images; n += 1)
      for (int i = 0; i < rows; i += 1)
        for (int j = 0; j < columns; j += 1, pixels += 1) {
          scratch[2 * pixels] = n * a_image + i * a_row + j * a_column;
          scratch[2 * pixels + 1] = n * d_image + i * d_row + j * d_column;
        }
    for (int r = 0; r < runs; r += 1) {
      const float *ar = a + r * run_step;
      for (int k = 0; k < length; k += 4) {
        float *row = dw + (r * length + k) * channels;
        if (length - k < 4) { // of a run that is no multiple of 4 (the grey image's) the rest, one by one
          for (; k < length; k += 1, row += channels)
            for (int c = 0; c < channels; c += 4) {
              vec s = LOAD(row + c);
              for (int p = 0; p < pixels; p += 1) s = mad(s, SPLAT(ar + scratch[2 * p] + k), LOAD(d + scratch[2 * p + 1] + c));
              wasm_v128_store(row + c, s);
            }
          break;
        }
        for (int c = 0; c < channels; c += 8) {
          float *t0 = row + c, *t1 = t0 + channels, *t2 = t1 + channels, *t3 = t2 + channels;
          vec s00 = LOAD(t0), s01 = LOAD(t0 + 4), s10 = LOAD(t1), s11 = LOAD(t1 + 4);
          vec s20 = LOAD(t2), s21 = LOAD(t2 + 4), s30 = LOAD(t3), s31 = LOAD(t3 + 4);
          const int *offset = scratch;
          const float *ak = ar + k, *dc = d + c;
          for (int p = 0; p < pixels; p += 1, offset += 2) {
            const float *x = ak + offset[0], *g = dc + offset[1];
            const vec g0 = LOAD(g), g1 = LOAD(g + 4);
            vec v = SPLAT(x);
            s00 = mad(s00, v, g0); s01 = mad(s01, v, g1);
            v = SPLAT(x + 1);
            s10 = mad(s10, v, g0); s11 = mad(s11, v, g1);
            v = SPLAT(x + 2);
            s20 = mad(s20, v, g0); s21 = mad(s21, v, g1);
            v = SPLAT(x + 3);
            s30 = mad(s30, v, g0); s31 = mad(s31, v, g1);
          }
          wasm_v128_store(t0, s00); wasm_v128_store(t0 + 4, s01); wasm_v128_store(t1, s10); wasm_v128_store(t1 + 4, s11);
          wasm_v128_store(t2, s20); wasm_v128_store(t2 + 4, s21); wasm_v128_store(t3, s30); wasm_v128_store(t3 + 4, s31);
        }
      }
    }
  }
}

// The panels that `windows` reads, from weights as PyTorch keeps them, w[out][in][row][column]. Forward: windows over the
// `in` channels give the `out` ones.
EXPORT(pack_forward)
void pack_forward(const float *w, float *panels, int out, int in, int kernel) {
  for (int o = 0; o < out; o += 8)
    for (int y = 0; y < kernel; y += 1)
      for (int x = 0; x < kernel; x += 1)
        for (int i = 0; i < in; i += 1)
          for (int t = 0; t < 8; t += 1) *panels++ = w[(((o + t) * in + i) * kernel + y) * kernel + x];
}

// For the data gradient: windows over the `out` channels give the `in` ones. The rows y0, y0 - step, ... of the kernel and
// the columns x0, x0 - step, ... are taken, from the last to the first, as a gradient meets them.
EXPORT(pack_backward)
void pack_backward(const float *w, float *panels, int out, int in, int kernel, int y0, int x0, int step) {
  for (int i = 0; i < in; i += 8)
    for (int y = y0; y >= 0; y -= step)
      for (int x = x0; x >= 0; x -= step)
        for (int o = 0; o < out; o += 1)
          for (int t = 0; t < 8; t += 1) *panels++ = w[((o * in + i + t) * kernel + y) * kernel + x];
}

// A weight gradient of `outer_products` added to one in PyTorch's order.
EXPORT(add_unpacked)
void add_unpacked(const float *dw, float *gradient, int out, int in, int kernel) {
  for (int y = 0; y < kernel; y += 1)
    for (int x = 0; x < kernel; x += 1)
      for (int i = 0; i < in; i += 1)
        for (int o = 0; o < out; o += 1) gradient[((o * in + i) * kernel + y) * kernel + x] += *dw++;
}

EXPORT(clear)
void clear(float *values, int count) {
  for (int i = 0; i < count; i += 1) values[i] = 0;
}

// Every inner pixel of `images` images in rows, as `at`; all images of one map have the same size.
#define FOR_ROWS(side, channels)                                                                                    \
  for (int n = 0; n < images; n += 1)                                                                              \
    for (int i = 0; i < side; i += 1)                                                                              \
      for (int at = ((n * (side + 2) + i + 1) * (side + 2) + 1) * channels, end = at + side * channels; at < end;   \
           at += channels)

// sums[c] = sum over pixels of y - shift[c], and sums[channels + c] that of (y - shift)^2: an image's in single precision,
// all images' in double. With the mean as shift, the second is the variance without loss.
EXPORT(moments)
void moments(const float *y, const float *shift, double *sums, int images, int side, int channels) {
  for (int c = 0; c < 2 * channels; c += 1) sums[c] = 0;
  const int row = (side + 2) * channels, image = (side + 2) * row;
  for (int n = 0; n < images; n += 1)
    for (int c = 0; c < channels; c += 4) {
      const vec middle = LOAD(shift + c);
      vec sum = wasm_f32x4_splat(0), squares = sum;
      for (int i = 1; i <= side; i += 1) {
        const float *from = y + n * image + i * row + channels + c;
        for (int j = 0; j < side; j += 1, from += channels) {
          const vec value = wasm_f32x4_sub(LOAD(from), middle);
          sum = wasm_f32x4_add(sum, value);
          squares = mad(squares, value, value);
        }
      }
      for (int t = 0; t < 4; t += 1) {
        sums[c + t] += ((const float *)&sum)[t];
        sums[channels + c + t] += ((const float *)&squares)[t];
      }
    }
}

// out = ReLU(y * scale + bias), a batch norm with what follows it.
EXPORT(normalize)
void normalize(const float *y, const float *scale, const float *bias, float *out, int images, int side, int channels) {
  const vec zero = wasm_f32x4_splat(0);
  FOR_ROWS(side, channels)
    for (int c = 0; c < channels; c += 4)
      wasm_v128_store(out + at + c, wasm_f32x4_pmax(mad(LOAD(bias + c), LOAD(y + at + c), LOAD(scale + c)), zero));
}

// out = ReLU(branch + shortcut), where branch is y * scale + bias with the gate in both, or nothing where y is 0; and the
// shortcut is s, or s * s_scale + s_bias where it has a batch norm.
EXPORT(join)
void join(const float *y, const float *scale, const float *bias, const float *s, const float *s_scale, const float *s_bias,
          float *out, int images, int side, int channels) {
  const vec zero = wasm_f32x4_splat(0);
  FOR_ROWS(side, channels)
    for (int c = 0; c < channels; c += 4) {
      vec sum = s_scale ? mad(LOAD(s_bias + c), LOAD(s + at + c), LOAD(s_scale + c)) : LOAD(s + at + c);
      if (y) sum = wasm_f32x4_add(sum, mad(LOAD(bias + c), LOAD(y + at + c), LOAD(scale + c)));
      wasm_v128_store(out + at + c, wasm_f32x4_pmax(sum, zero));
    }
}

// d becomes 0 where `out`, the result of a ReLU, is 0.
EXPORT(through_relu)
void through_relu(float *d, const float *out, int images, int side, int channels) {
  const vec zero = wasm_f32x4_splat(0);
  FOR_ROWS(side, channels)
    for (int c = 0; c < channels; c += 4)
      wasm_v128_store(d + at + c, wasm_v128_and(LOAD(d + at + c), wasm_f32x4_gt(LOAD(out + at + c), zero)));
}

// sums[c] = sum over pixels of d, and sums[channels + c] that of d * (y - mean).
EXPORT(norm_sums)
void norm_sums(const float *d, const float *y, const float *mean, double *sums, int images, int side, int channels) {
  for (int c = 0; c < 2 * channels; c += 1) sums[c] = 0;
  const int row = (side + 2) * channels, image = (side + 2) * row;
  for (int n = 0; n < images; n += 1)
    for (int c = 0; c < channels; c += 4) {
      const vec middle = LOAD(mean + c);
      vec sum = wasm_f32x4_splat(0), products = sum;
      for (int i = 1; i <= side; i += 1) {
        const int first = n * image + i * row + channels + c;
        for (int j = 0, at = first; j < side; j += 1, at += channels) {
          const vec g = LOAD(d + at);
          sum = wasm_f32x4_add(sum, g);
          products = mad(products, g, wasm_f32x4_sub(LOAD(y + at), middle));
        }
      }
      for (int t = 0; t < 4; t += 1) {
        sums[c + t] += ((const float *)&sum)[t];
        sums[channels + c + t] += ((const float *)&products)[t];
      }
    }
}

// out = d * on_d + (y - mean) * on_y + rest, the gradient before a batch norm.
EXPORT(norm_backward)
void norm_backward(const float *d, const float *y, const float *mean, const float *on_d, const float *on_y, const float *rest,
                   float *out, int images, int side, int channels) {
  FOR_ROWS(side, channels)
    for (int c = 0; c < channels; c += 4) {
      const vec apart = wasm_f32x4_sub(LOAD(y + at + c), LOAD(mean + c));
      wasm_v128_store(out + at + c, mad(mad(LOAD(rest + c), apart, LOAD(on_y + c)), LOAD(d + at + c), LOAD(on_d + c)));
    }
}

// features[n][c] = mean over pixels.
EXPORT(pool)
void pool(const float *h, float *features, int images, int side, int channels) {
  clear(features, images * channels);
  const vec share = wasm_f32x4_splat(1.0f / (side * side));
  FOR_ROWS(side, channels)
    for (int c = 0; c < channels; c += 4) {
      float *to = features + n * channels + c;
      wasm_v128_store(to, mad(LOAD(to), LOAD(h + at + c), share));
    }
}

EXPORT(pool_backward)
void pool_backward(const float *on_features, float *d, int images, int side, int channels) {
  const vec share = wasm_f32x4_splat(1.0f / (side * side));
  FOR_ROWS(side, channels)
    for (int c = 0; c < channels; c += 4)
      wasm_v128_store(d + at + c, wasm_f32x4_mul(LOAD(on_features + n * channels + c), share));
}

EXPORT(classify)
void classify(const float *features, const float *weight, const float *bias, float *logits, int images, int in, int classes) {
  for (int n = 0; n < images; n += 1)
    for (int k = 0; k < classes; k += 1) {
      float sum = bias[k];
      for (int i = 0; i < in; i += 1) sum += features[n * in + i] * weight[k * in + i];
      logits[n * classes + k] = sum;
    }
}

EXPORT(classify_backward)
void classify_backward(const float *on_logits, const float *features, const float *weight, float *on_weight, float *on_bias,
                       float *on_features, int images, int in, int classes) {
  clear(on_features, images * in);
  for (int n = 0; n < images; n += 1)
    for (int k = 0; k < classes; k += 1) {
      const float g = on_logits[n * classes + k];
      on_bias[k] += g;
      for (int i = 0; i < in; i += 1) {
        on_weight[k * in + i] += g * features[n * in + i];
        on_features[n * in + i] += g * weight[k * in + i];
      }
    }
}

// One step of SGD as torch.optim.SGD takes it.
EXPORT(descend)
void descend(float *weights, float *velocity, const float *gradient, int count, float lr, float momentum, float weight_decay,
             int nesterov) {
  for (int i = 0; i < count; i += 1) {
    const float g = gradient[i] + weight_decay * weights[i];
    velocity[i] = momentum * velocity[i] + g;
    weights[i] -= lr * (nesterov ? g + momentum * velocity[i] : velocity[i]);
  }
}
