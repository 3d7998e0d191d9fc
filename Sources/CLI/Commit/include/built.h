#ifndef BUILT_H
#define BUILT_H

/// The commit that this program was built at, in hexadecimal digits, seven or more; empty if it was
/// built outside git, or on a branch other than main.
const char *_Nonnull builtCommit(void);

#endif
