/* Filter chain texts: whatever the bytes are, fw_chain_create returns a chain or a message. */
#include "chain.h"
#include "check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fw_error err = { 0 };
    struct fw_chain *chain = NULL;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    int status = fw_chain_create(&chain, text, &err);
    FW_CHECK((status == FW_OK) == (chain != NULL));
    FW_CHECK(status == FW_OK || (err.status == status && err.text[0]));
    FW_CHECK(memchr(err.text, '\0', sizeof(err.text)));
    fw_chain_destroy(chain);
    free(text);
    return 0;
}
