#ifndef TERMS_H
#define TERMS_H

/// The page that defines every printed label, in Markdown.
const char *_Nonnull termsPage(void);

#endif
