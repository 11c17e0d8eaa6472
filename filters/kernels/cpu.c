/* What this machine's processor can do. */
#include "cpu.h"

#include <string.h>

static const char *const level_names[] = { "c", "avx2", "avx512" };

enum fw_cpu fw_cpu_detect(void)
{
#if defined(__x86_64__)
    /* The compiler's runtime reads cpuid and whether the kernel keeps the wide registers. */
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("bmi2"))
        return FW_CPU_C;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl") ||
        !__builtin_cpu_supports("avx512cd") || !__builtin_cpu_supports("avx512vbmi") ||
        !__builtin_cpu_supports("avx512vbmi2") || !__builtin_cpu_supports("avx512vnni") ||
        !__builtin_cpu_supports("avx512bitalg"))
        return FW_CPU_AVX2;
    return FW_CPU_AVX512;
#else
    return FW_CPU_C;
#endif
}

const char *fw_cpu_name(enum fw_cpu level)
{
    return level_names[level];
}

int fw_cpu_parse(const char *name)
{
    for (int i = 0; i < 3; i++) {
        if (strcmp(name, level_names[i]) == 0)
            return i;
    }
    return -1;
}
