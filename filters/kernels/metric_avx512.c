/* Sums for PSNR and SSIM with AVX-512. */
#if defined(__x86_64__)
#define LEVEL fw_metric_avx512
#define CPU FW_CPU_AVX512
#include "metric_rows.h"
#endif
