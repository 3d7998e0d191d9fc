#include "built.h"

#include <string.h>

// Git's files are embedded, so that they are what this file, and nothing else, is compiled anew for.
// Where they are absent, or the compiler is older than #embed, there is no commit to tell.
#ifdef __has_embed
#if __has_embed("../../../.git/HEAD")
#define HAS_HEAD
#endif
#if __has_embed("../../../.git/refs/heads/main")
#define HAS_MAIN
#endif
#endif

#ifdef HAS_HEAD
// A branch, or the commit itself where none is checked out.
static const char head[] = {
#embed "../../../.git/HEAD" limit(40) suffix(, )
    0};
#else
static const char head[] = "";
#endif

#ifdef HAS_MAIN
static const char tip[] = {
#embed "../../../.git/refs/heads/main" limit(7) suffix(, )
    0};
#else
static const char tip[] = "";
#endif

const char *builtCommit(void) {
  if (strcmp(head, "ref: refs/heads/main\n") == 0) return tip;
  return strspn(head, "0123456789abcdef") == 40 ? head : "";
}
