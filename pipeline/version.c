#include "framewheel.h"

#include "document.h"
#include "sink_codecs.h"

int fw_version_json(char **json_out, struct fw_error *err)
{
#ifdef NDEBUG
    const char *build = "release";
#else
    const char *build = "debug";
#endif
#if defined(__SANITIZE_ADDRESS__)
    const char *sanitizer = "address";
#elif defined(__SANITIZE_THREAD__)
    const char *sanitizer = "thread";
#else
    const char *sanitizer = "none";
#endif
    return fw_json_finish(json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "schema",
                                    "framewheel-version/1", "version", fw_version(), "build", build,
                                    "compiler", __VERSION__, "sanitizer", sanitizer, "licence",
                                    "BSD-2-Clause; this binary GPL-2.0-or-later through the "
                                    "libraries it is linked with",
                                    "libraries", fw_sink_library_versions()),
                          json_out, err);
}
