/* One FW_FILTER(name) line per built-in. Read by registry.c, by CMake and by the tests. */
FW_FILTER(crop)
FW_FILTER(hflip)
FW_FILTER(negate)
FW_FILTER(null)
FW_FILTER(transpose)
FW_FILTER(vflip)
