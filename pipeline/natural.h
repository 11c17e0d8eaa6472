/* Natural order of file names: "img2" before "img10". */
#ifndef FW_PIPELINE_NATURAL_H
#define FW_PIPELINE_NATURAL_H

/* Negative, 0 or positive, as strcmp; 0 for equal bytes alone. Runs of digits compare as numbers of
 * any length and stand where digits stand among the bytes; all other bytes compare as unsigned
 * numbers, in any locale. Names that differ only in leading zeros: at the first run that differs,
 * fewer zeros come first. For one component of a path. */
int fw_natural_compare(const char *a, const char *b);

#endif
