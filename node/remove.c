#include "node/remove.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#define OPEN_FOLDERS 16

/* One that cannot be removed does not keep the others from being; what remains is seen in the
 * end. */
static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    remove(path);
    return 0;
}

int remove_tree(const char *path)
{
    struct stat info;
    nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    return lstat(path, &info) == 0 ? -1 : 0;
}
