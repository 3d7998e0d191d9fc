#include "terms.h"

// docs/metrics.md, so that the program says what the page says.
static const char page[] = {
#embed "../../../../docs/metrics.md" suffix(, )
    0};

const char *termsPage(void) { return page; }
