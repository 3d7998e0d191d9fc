#ifndef PROGRAM_H
#define PROGRAM_H

/// The commit that the program was built at, in hexadecimal digits; empty where the program, which
/// alone is linked with it, does not tell. So a commit has no module built anew.
const char *_Nonnull programCommit(void);

#endif
