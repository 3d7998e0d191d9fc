#ifndef FILES_H
#define FILES_H

/// docs/openapi.json: what the server answers, as programs read it.
const char *_Nonnull openAPIDocument(void);

/// The script of the page, which it does without.
const char *_Nonnull pageScript(void);

/// The styles of the page, but for those of its pictures.
const char *_Nonnull pageStyle(void);

#endif
