/*
 * Huffman codes for a large picture from a part of it.
 *
 * The best codes take a pass over the whole picture, which costs as much as writing it. The codes
 * of every eighth row of blocks are nearly as short. What such a part did not hold gets a code too:
 * the rest of the picture may.
 */
#include "jpeg_still.h"

#include <string.h>

#include "filters/check.h"

#define SYMBOLS 256
#define RESERVED SYMBOLS /* the code of all ones, which no symbol may have */
#define LENGTH_MAX 16
#define TREE_MAX 48 /* deeper than any tree of the weights below */
#define SEEN_LOG2 24

struct tree {
    uint64_t weight[SYMBOLS + 1]; /* 0: not there, or joined to another one */
    int16_t next[SYMBOLS + 1];    /* of the symbols that were joined; -1 */
    uint8_t length[SYMBOLS + 1];
};

/* What 8-bit samples can need: sizes of DC; and of AC runs with sizes, ends and long runs. */
static bool can_be(bool is_dc, int symbol)
{
    int size = symbol & 15;
    if (is_dc)
        return symbol <= 11;
    return (size >= 1 && size <= 10) || symbol == 0 || symbol == 0xf0;
}

/* A code's length tells how often its symbol was seen; unseen ones together count less than the
 * rarest of those. */
static void weigh(struct tree *tree, const JHUFF_TBL *table, bool is_dc)
{
    int at = 0;
    memset(tree, 0, sizeof(*tree));
    for (int i = 0; i < SYMBOLS; i++)
        tree->weight[i] = can_be(is_dc, i);
    for (int length = 1; length <= LENGTH_MAX; length++) {
        for (int i = 0; i < table->bits[length] && at < SYMBOLS; i++)
            tree->weight[table->huffval[at++]] = (uint64_t)1 << (SEEN_LOG2 - length);
    }
    tree->weight[RESERVED] = 1;
    for (int i = 0; i <= SYMBOLS; i++)
        tree->next[i] = -1;
}

/* The lightest, of equals the last one; -1. */
static int lightest(const struct tree *tree, int but)
{
    int found = -1;
    for (int i = 0; i <= SYMBOLS; i++) {
        if (i != but && tree->weight[i] && (found < 0 || tree->weight[i] <= tree->weight[found]))
            found = i;
    }
    return found;
}

static void grow(struct tree *tree)
{
    for (;;) {
        int a = lightest(tree, -1);
        int b = lightest(tree, a);
        if (b < 0)
            return;
        tree->weight[b] += tree->weight[a];
        tree->weight[a] = 0;
        int last = b;
        for (int i = b; i >= 0; i = tree->next[i]) {
            tree->length[i]++;
            last = i;
        }
        for (int i = a; i >= 0; i = tree->next[i])
            tree->length[i]++;
        tree->next[last] = (int16_t)a;
    }
}

/* Pairs of codes that are too long move up, to where a shorter code makes room by one more bit. */
static void shorten(uint32_t counts[TREE_MAX + 1])
{
    for (int i = TREE_MAX; i > LENGTH_MAX; i--) {
        while (counts[i] > 0) {
            int shorter = i - 2;
            while (counts[shorter] == 0)
                shorter--;
            FW_CHECK(shorter > 0);
            counts[i] -= 2;
            counts[i - 1]++;
            counts[shorter + 1] += 2;
            counts[shorter]--;
        }
    }
}

static void complete(JHUFF_TBL *table, bool is_dc)
{
    struct tree tree;
    uint32_t counts[TREE_MAX + 1] = { 0 };
    int used = 0;
    int longest = LENGTH_MAX;
    weigh(&tree, table, is_dc);
    grow(&tree);
    for (int i = 0; i <= SYMBOLS; i++) {
        FW_CHECK(tree.length[i] <= TREE_MAX);
        counts[tree.length[i]]++;
    }
    counts[0] = 0;
    shorten(counts);
    while (counts[longest] == 0)
        longest--;
    counts[longest]--; /* the reserved one: the last of the longest */
    for (int i = 1; i <= LENGTH_MAX; i++)
        table->bits[i] = (UINT8)counts[i];
    for (int length = 1; length <= TREE_MAX; length++) {
        for (int i = 0; i < SYMBOLS; i++) {
            if (tree.length[i] == length)
                table->huffval[used++] = (UINT8)i;
        }
    }
    table->sent_table = FALSE;
}

void fw_jpeg_complete_codes(struct fw_jpeg_writer *writer)
{
    for (int i = 0; i < NUM_HUFF_TBLS; i++) {
        if (writer->cinfo.dc_huff_tbl_ptrs[i])
            complete(writer->cinfo.dc_huff_tbl_ptrs[i], true);
        if (writer->cinfo.ac_huff_tbl_ptrs[i])
            complete(writer->cinfo.ac_huff_tbl_ptrs[i], false);
    }
}
