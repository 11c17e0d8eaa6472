/* One CHECK_OPERATION(name) per file of checks: it has check_NAME and bench_NAME, which take a
 * struct check_run. */
CHECK_OPERATION(lut)
CHECK_OPERATION(lut3d)
CHECK_OPERATION(negate)
CHECK_OPERATION(binomial)
CHECK_OPERATION(bwdif)
CHECK_OPERATION(mix)
CHECK_OPERATION(nth)
CHECK_OPERATION(median)
CHECK_OPERATION(balance)
CHECK_OPERATION(channelmix)
CHECK_OPERATION(interleave)
CHECK_OPERATION(turn)
