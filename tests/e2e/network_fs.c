/* Preloaded into vtmh by disk.sh: every file system says that it is NFS. */
#include <dlfcn.h>
#include <sys/vfs.h>

#define NFS 0x6969

int statfs(const char *path, struct statfs *info)
{
    int (*real)(const char *, struct statfs *) = dlsym(RTLD_NEXT, "statfs");
    int result = real(path, info);

    info->f_type = NFS;
    return result;
}
