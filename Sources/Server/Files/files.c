#include "files.h"

static const char openAPI[] = {
#embed "../../../docs/openapi.json" suffix(, )
    0};

static const char script[] = {
#embed "script.js" suffix(, )
    0};

static const char style[] = {
#embed "style.css" suffix(, )
    0};

const char *openAPIDocument(void) { return openAPI; }
const char *pageScript(void) { return script; }
const char *pageStyle(void) { return style; }
