/* Texts for people: escaping, numbers, and writes that are whole or fail. The command never calls
 * setlocale, so printf writes a decimal point everywhere. */
#ifndef FW_TOOLS_TERM_H
#define FW_TOOLS_TERM_H

#include <stddef.h>
#include <stdint.h>

#include <framewheel/framewheel.h>

/* All of it or -1 with errno. */
int fw_write_all(int fd, const void *data, size_t bytes);
/* Copies `in` with control bytes and broken UTF-8 as \xHH; newlines stay when `lines`. Cut to fit.
 */
const char *fw_escape(const char *in, char *out, size_t bytes, int lines);
/* The bytes of the well-formed UTF-8 character at `at`; 0 when there is none. */
size_t fw_utf8_bytes(const char *at);
/* "2:29", "1:02:03", "0.4 s". */
const char *fw_duration_text(double seconds, char *out, size_t bytes);
/* "00:01:44" */
const char *fw_clock_text(double seconds, char *out, size_t bytes);
/* "54.2 MB" */
const char *fw_bytes_text(double bytes_count, char *out, size_t bytes);

/* Base64 (RFC 4648). The caller frees it; NULL without memory. */
char *fw_base64(const void *data, size_t bytes);

/* " run 'a b.mkv'": the words as a shell would need them, escaped for a terminal, each behind a
 * space. The caller frees it; NULL without memory. */
char *fw_shell_words(int count, char **words);

/* "framewheel VERB: TEXT" on stderr, one write. `verb` may be NULL. */
void fw_complain_to_user(const char *verb, const char *text);
/* Data for stdout, with a newline at its end. 0, or 5 (told) when it cannot be written; dies by
 * SIGPIPE when the reader is gone. */
int fw_print_data(const char *verb, const char *text);
/* Ends this process by the signal, as its default action would. */
_Noreturn void fw_die_by(int signal_number);

#endif
